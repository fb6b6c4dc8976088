import { HubProtocolError, JsonHubProtocol, MessageType } from 'signalbox/protocol';
import type { HubMessage, ReceivedMessage } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { readChunks } from './vectors.ts';

const protocol = new JsonHubProtocol();

function completion(result: unknown): HubMessage {
  return { type: MessageType.completion, invocationId: '1', hasResult: true, result };
}

/** The value as it stands in a completion. */
function written(value: unknown): string {
  const text = protocol.write(completion(value));
  return text.slice('{"type":3,"invocationId":"1","result":'.length, -2);
}

function read(text: string): ReturnType<typeof readChunks> {
  return readChunks(protocol, [Buffer.from(text)]);
}

describe('write', () => {
  test.each([
    [undefined, 'null'],
    [null, 'null'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-0, '0'],
    [1e21, '1e+21'],
    [-1.5, '-1.5'],
    [2 ** 53, '9007199254740992'],
    [Number.NaN, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
    ['', '""'],
    ['plain', '"plain"'],
    ['"\\/\b\f\n\r\t', '"\\"\\\\/\\b\\f\\n\\r\\t"'],
    ["<>&'é世😀\u2028\u007f", '"<>&\'é世😀\u2028\u007f"'],
    ['\ud800 alone', '"\\ud800 alone"'],
    ['a record\u001eends', '"a record\\u001eends"'],
    ['x'.repeat(200), `"${'x'.repeat(200)}"`],
    [`${'x'.repeat(200)}\u001e`, `"${'x'.repeat(200)}\\u001e"`],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [[1, undefined, 'a'], '[1,null,"a"]'],
    [{ a: undefined, b: { c: 1 } }, '{"b":{"c":1}}'],
    [{ toJSON: () => 'own' }, '"own"'],
    [1n, '1'],
    [[-(2n ** 53n) + 1n, { n: 0n, bytes: Buffer.of(1) }], '[-9007199254740991,{"n":0,"bytes":"AQ=="}]'],
    [
      new Map<unknown, unknown>([
        ['a', 1],
        [2, new Map()],
      ]),
      '{"2":{},"a":1}',
    ],
    [[new Set([1, new Set(['x'])]), {}], '[[1,["x"]],{}]'],
    [new Map([['bytes', Uint8Array.of(255)]]), '{"bytes":"/w=="}'],
  ])('the value %o', (value, text) => {
    expect(written(value)).toBe(text);
  });

  test('ids, targets, errors, headers and streams are escaped', () => {
    const odd = '"\\\u001eé\ud800';
    const escaped = JSON.stringify(odd);
    const call = { target: odd, arguments: [], headers: { [odd]: odd }, invocationId: odd, streamIds: [odd] };
    expect(protocol.write({ type: MessageType.invocation, ...call })).toBe(
      `{"type":1,"headers":{${escaped}:${escaped}},"invocationId":${escaped},"target":${escaped},"arguments":[],"streamIds":[${escaped}]}\u001e`,
    );
    expect(protocol.write({ type: MessageType.completion, invocationId: odd, error: odd, hasResult: false })).toBe(
      `{"type":3,"invocationId":${escaped},"error":${escaped}}\u001e`,
    );
    expect(protocol.write({ type: MessageType.close, error: odd })).toBe(`{"type":7,"error":${escaped}}\u001e`);
  });

  test('a hole among the arguments is null', () => {
    const holes: unknown[] = [];
    holes[1] = '';
    holes.length = 3;
    expect(protocol.write({ type: MessageType.invocation, target: 'm', arguments: holes })).toBe(
      '{"type":1,"target":"m","arguments":[null,"",null]}\u001e',
    );
  });

  test('an error leaves no room for a result', () => {
    const message: HubMessage = { type: MessageType.completion, invocationId: '1', error: '', hasResult: true, result: 1 };
    expect(protocol.write(message)).toBe('{"type":3,"invocationId":"1","error":""}\u001e');
  });

  test.each([undefined, ''])('an invocation id that is %j is left out', (invocationId) => {
    const message: HubMessage = { type: MessageType.invocation, invocationId, target: 'm', arguments: [1, undefined] };
    expect(protocol.write(message)).toBe('{"type":1,"target":"m","arguments":[1,null]}\u001e');
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  let deep: unknown = [];
  for (let level = 0; level < 100_000; level++) deep = [deep];
  test.each([
    ['a function', () => 1, "A value of type function can't be sent as JSON."],
    ['a symbol', Symbol('s'), "A value of type symbol can't be sent as JSON."],
    ['a bigint beyond 2^53', 2n ** 53n, /The BigInt 9007199254740992 is beyond 2\^53.*Send it as text/],
    ['a bigint beyond 2^53 inside', { deep: [-(2n ** 53n)] }, /The BigInt -9007199254740992 is beyond 2\^53/],
    ['a cycle', cyclic, /circular/i],
    ['too deep an array', deep, 'A value is nested too deeply to be sent as JSON.'],
    ['an object whose toJSON gives nothing', { toJSON: () => undefined }, "A value of type object can't be sent as JSON."],
  ])('%s is refused', (_, value, message) => {
    expect(() => protocol.write(completion(value))).toThrow(TypeError);
    expect(() => protocol.write(completion(value))).toThrow(message);
  });

  test('an error of a toJSON is the cause of the refusal', () => {
    const cause = new RangeError('mine');
    const value = {
      toJSON() {
        throw cause;
      },
    };
    expect(() => protocol.write(completion(value))).toThrow(expect.objectContaining({ name: 'TypeError', cause }));
  });
});

describe('parse', () => {
  test('begins at the start it is given and stops where the sink says so', () => {
    const bytes = Buffer.from('garbage{"type":6}\u001e{"type":7}\u001e{"type":6}\u001e');
    const messages: ReceivedMessage[] = [];
    const end = protocol.parse(bytes, 7, 0, (message, byteLength) => {
      messages.push(message);
      expect(byteLength).toBe(11);
      return message.type !== MessageType.close;
    });
    expect(messages.map(({ type }) => type)).toEqual([6, 7]);
    expect(end).toBe(7 + 22);
    expect(protocol.parse(bytes, end, 0, () => true)).toBe(bytes.length);
  });

  test('leaves what is not whole, and counts what it skips as read', () => {
    expect(protocol.parse(Buffer.from('{"type":99}\u001e{"type"'), 0, 0, () => true)).toBe(12);
  });

  test('may be entered again by the sink', () => {
    const inner = Buffer.from('{"type":1,"target":"inner","arguments":[1]}\u001e');
    const outer = Buffer.from('{"type":1,"target":"a","arguments":[]}\u001e{"type":1,"target":"b","arguments":[]}\u001e');
    const targets: string[] = [];
    const note = (message: ReceivedMessage): void => void targets.push('target' in message ? message.target : '');
    const end = protocol.parse(outer, 0, 0, (message) => {
      note(message);
      protocol.parse(inner, 0, 0, (nested) => {
        note(nested);
        return true;
      });
      protocol.write(completion({ a: 1 }));
      return true;
    });
    expect([end, targets]).toEqual([outer.length, ['a', 'inner', 'b', 'inner']]);
  });

  test('an error of the sink reaches the caller as it is', () => {
    const error = new Error('of the hub');
    const fail = (): never => {
      throw error;
    };
    expect(() => protocol.parse(Buffer.from('{"type":6}\u001e'), 0, 0, fail)).toThrow(error);
  });

  test('names like __proto__ change no prototype', () => {
    const { messages } = read(
      '{"type":1,"target":"m","arguments":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}],"__proto__":{"polluted":1}}\u001e',
    );
    const [message] = messages;
    expect(Object.hasOwn(Object(message), '__proto__')).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((message as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('properties that every object inherits are not those of a message', () => {
    expect(read('{"type":1,"target":"toString","arguments":[],"valueOf":1}\u001e').messages).toMatchObject([{ target: 'toString' }]);
    expect(read('{"type":1,"toString":"m","arguments":[]}\u001e').error?.message).toBe("Missing required property 'target'.");
  });

  test('a lone surrogate is text like any other', () => {
    const text = '{"type":1,"target":"m","arguments":["\\ud800"]}\u001e';
    const { messages } = read(text);
    expect(messages).toMatchObject([{ arguments: ['\ud800'] }]);
    expect(protocol.write(messages[0] as HubMessage)).toBe(text);
  });

  test('a replacement character that was sent as such is text', () => {
    expect(read('{"type":1,"target":"m","arguments":["\ufffd"]}\u001e').messages).toMatchObject([{ arguments: ['\ufffd'] }]);
  });

  test.each([
    ['brackets', '['.repeat(30_000)],
    ['balanced brackets', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['an open string of escapes', `{"a":"${'\\"'.repeat(1_000_000)}`],
    ['spaces before a comma', `{"target":"m","arguments":[1${' '.repeat(1_000_000)},${' '.repeat(1_000_000)}`],
    ['many arguments with spaces', `{${'"arguments":[1  ]'.repeat(100_000)}`],
    ['backslashes', `{"a":"${'\\'.repeat(1_000_001)}`],
  ])('%s end the connection and nothing else', (_, hostile) => {
    for (const text of [hostile, `{"type":1,"target":"m","arguments":[${hostile}]}`]) {
      const { error } = read(`${text}\u001e`);
      expect(error?.name).toBe('InvalidDataException');
    }
  });

  test('the error is one of its own class', () => {
    expect(() => protocol.parse(Buffer.from('\u001e'), 0, 0, () => true)).toThrow(HubProtocolError);
  });
});

describe('bytes', () => {
  const sent = (value: unknown): unknown => {
    const text = new JsonHubProtocol().write({ type: 3, invocationId: '1', hasResult: true, result: value });
    return (JSON.parse(text.slice(0, -1)) as { result: unknown }).result;
  };

  test.each([
    ['a Buffer', Buffer.from([1, 2, 3]), 'AQID'],
    ['a Uint8Array', Uint8Array.of(1, 2, 3), 'AQID'],
    ['a part of one', Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4), 'AQID'],
    ['none', new Uint8Array(0), ''],
    ['in an object', { bytes: Buffer.from([1, 2, 3]), more: [new Uint8Array(0)] }, { bytes: 'AQID', more: [''] }],
  ])('are base64 text: %s', (_, value, expected) => {
    expect(sent(value)).toEqual(expected);
  });

  test.each([[{ type: 'Buffer', data: [1] }], [{ 0: 1 }], [{}], [{ empty: {} }], [{ date: new Date(0) }]])(
    'are not what looks like them: %j',
    (value) => {
      expect(sent(value)).toEqual(JSON.parse(JSON.stringify(value)));
    },
  );
});
