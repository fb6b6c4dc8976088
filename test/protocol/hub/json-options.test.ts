import { JsonHubProtocol, MessageType, type HubMessage, type JsonOptions, type Reviver } from 'signalbox/protocol';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { camelCase } from '../../../src/protocol/hub/json-reviver.ts';
import { parseExactly } from '../../../src/protocol/hub/json-integers.ts';
import { jsonValue } from '../../fuzz/messages.ts';
import { readChunks } from './vectors.ts';

const item = (value: unknown): HubMessage => ({ type: MessageType.streamItem, invocationId: '1', item: value });

/** The value as it stands in a stream item. */
function written(value: unknown, options: JsonOptions): string {
  const text = new JsonHubProtocol(options).write(item(value));
  return text.slice('{"type":2,"invocationId":"1","item":'.length, -2);
}

/** What the text of a value is read as. */
function read(text: string, options: JsonOptions): unknown {
  const { messages, error } = readChunks(new JsonHubProtocol(options), [Buffer.from(`{"type":2,"invocationId":"1","item":${text}}\u001e`)]);
  expect(error).toBeUndefined();
  return (messages[0] as { item?: unknown }).item;
}

function readAll(text: string, options: JsonOptions): ReturnType<typeof readChunks> {
  return readChunks(new JsonHubProtocol(options), [Buffer.from(`${text}\u001e`)]);
}

describe('property names in camel case', () => {
  // Measured on .NET 10.0.12, JsonNamingPolicy.CamelCase.
  test.each([
    ['UserName', 'userName'],
    ['URLPath', 'urlPath'],
    ['URL', 'url'],
    ['ID', 'id'],
    ['IDs', 'iDs'],
    ['A1B', 'a1B'],
    ['AB1', 'aB1'],
    ['AB C', 'ab C'],
    ['a', 'a'],
    ['A', 'a'],
    ['', ''],
    ['userName', 'userName'],
    ['_Name', '_Name'],
    ['ÄÖü', 'äÖü'],
    ['ÀB', 'àb'],
    ['IOStream', 'ioStream'],
    ['X Y', 'x Y'],
    ['XY Z', 'xy Z'],
    ['1A', '1A'],
    ['ǅx', 'ǅx'],
    ['ΣΑΣ', 'σασ'],
  ])('%s is %s', (name, expected) => {
    expect(camelCase(name)).toBe(expected);
  });

  const options: JsonOptions = { propertyNaming: 'camelCase' };

  test('are sent and read so, in everything that is within a value', () => {
    class User {
      readonly Name = 'Ada';
      readonly Tags = [{ Id: 1 }];
      readonly At = new Date(0);
      readonly Bytes = Buffer.of(1);
    }
    expect(written(new User(), options)).toBe('{"name":"Ada","tags":[{"id":1}],"at":"1970-01-01T00:00:00.000Z","bytes":"AQ=="}');
    expect(read('{"UserName":"Ada","Tags":[{"ID":1},"Id"],"__proto__":{"X":1}}', options)).toEqual(
      JSON.parse('{"userName":"Ada","tags":[{"id":1},"Id"],"__proto__":{"x":1}}'),
    );
  });

  test('leave the keys of a map alone, and not the names in its values', () => {
    expect(written(new Map([['Ada', { Age: 36 }]]), options)).toBe('{"Ada":{"age":36}}');
  });

  test("are not those of the protocol's own", () => {
    const message: HubMessage = { type: MessageType.invocation, target: 'Send', arguments: [{ A: 1 }], headers: { Trace: 'X' } };
    const text = new JsonHubProtocol(options).write(message);
    expect(text).toBe('{"type":1,"headers":{"Trace":"X"},"target":"Send","arguments":[{"a":1}]}\u001e');
    expect(readAll(text.slice(0, -1).replace('"a"', '"A"'), options).messages).toEqual([{ ...message, arguments: [{ a: 1 }] }]);
    expect(readAll('{"Type":6}', options).error?.message).toBe("Missing required property 'type'.");
  });

  test('can be any others', () => {
    const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const camel = (name: string): string => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(written({ userName: [{ lastSeen: null }] }, { propertyNaming: { write: snake } })).toBe('{"user_name":[{"last_seen":null}]}');
    expect(read('{"user_name":[{"last_seen":null}]}', { propertyNaming: { read: camel } })).toEqual({ userName: [{ lastSeen: null }] });
    expect(read('{"user_name":1}', { propertyNaming: { write: snake } })).toEqual({ user_name: 1 });
  });
});

describe('a replacer', () => {
  test('sees what JSON.stringify shows it, and has its way', () => {
    const seen: unknown[] = [];
    const value = { at: new Date(0), list: [1, undefined], bytes: Uint8Array.of(1) };
    const replacer = function (this: unknown, key: string, shown: unknown): unknown {
      seen.push([this, key, shown]);
      return key === 'bytes' ? 'mine' : shown;
    };
    expect(written(value, { replacer })).toBe('{"at":"1970-01-01T00:00:00.000Z","list":[1,null],"bytes":"mine"}');
    const expected: unknown[] = [];
    JSON.stringify(value, function (this: unknown, key: string, shown: unknown) {
      expected.push([this, key, shown]);
      return key === 'bytes' ? 'mine' : shown;
    });
    expect(seen).toEqual(expected);
  });

  test('may choose what JSON has no words for', () => {
    const replacer = (_: string, value: unknown): unknown => {
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
      if (value instanceof RegExp) return new Map([['source', Uint8Array.of(1)]]);
      return typeof value === 'symbol' ? 5n : value;
    };
    expect(written([Number.NaN, -Infinity, 1, /x/, Symbol('s')], { replacer })).toBe('["NaN","-Infinity",1,{"source":"AQ=="},5]');
    expect(written(Number.NaN, { replacer })).toBe('"NaN"');
    expect(written('text', { replacer: () => 'all' })).toBe('"all"');
  });

  test('that leaves nothing of a value, or fails, refuses it', () => {
    expect(() => written(1, { replacer: () => undefined })).toThrow(TypeError);
    const cause = new Error('mine');
    const replacer = (): never => {
      throw cause;
    };
    expect(() => written(1, { replacer })).toThrow(expect.objectContaining({ name: 'TypeError', cause }));
  });
});

describe('a reviver', () => {
  test('sees what JSON.parse shows it, and has its way', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = JSON.stringify(value);
        const make = (seen: string[]): Reviver =>
          function (key, shown) {
            seen.push(key);
            if (key === '0') return undefined;
            return typeof shown === 'number' ? [shown] : shown;
          };
        const [seen, expected]: [string[], string[]] = [[], []];
        expect(read(text, { reviver: make(seen) })).toEqual(JSON.parse(text, make(expected)));
        expect(seen).toEqual(expected);
      }),
    );
  });

  test('that fails fails the call, the stream or the result that it read for, and nothing else', () => {
    const reviver = (_: string, value: unknown): unknown => {
      if (value === 'bad') throw new Error('mine');
      return value;
    };
    const { messages, error } = readAll(
      [
        '{"type":1,"invocationId":"1","target":"m","arguments":[["bad"]]}',
        '{"type":4,"invocationId":"2","target":"bad","arguments":["bad"]}',
        '{"type":2,"invocationId":"3","item":"bad"}',
        '{"type":3,"invocationId":"4","result":{"x":"bad"}}',
        '{"type":3,"invocationId":"bad","error":"bad"}',
        '{"type":6}',
      ].join('\u001e'),
      { reviver },
    );
    expect(error).toBeUndefined();
    expect(messages).toMatchObject([
      {
        type: 'bindingFailure',
        streaming: false,
        invocationId: '1',
        target: 'm',
        reason: expect.stringContaining('Error binding arguments'),
      },
      { type: 'bindingFailure', streaming: true, invocationId: '2', target: 'bad' },
      { type: 3, invocationId: '3', error: 'Failed to bind Stream message.', hasResult: false },
      { type: 3, invocationId: '4', error: 'Error trying to deserialize result.', hasResult: false },
      { type: 3, invocationId: 'bad', error: 'bad' },
      { type: 6 },
    ]);
  });
});

describe('dates', () => {
  test.each([
    ['2024-02-29T12:34:56Z', 1_709_210_096_000],
    ['2024-02-29T12:34:56.7891234+02:00', 1_709_202_896_789],
    ['1970-01-01T00:00:00.000Z', 0],
  ])('%s is one where it is asked for', (text, time) => {
    const date = read(JSON.stringify({ at: [text] }), { dates: 'date' }) as { at: Date[] };
    expect(date.at[0]).toEqual(new Date(time));
    expect(read(JSON.stringify(text), { dates: 'date' })).toEqual(new Date(time));
    expect(read(JSON.stringify(text), {})).toBe(text);
  });

  test.each(['2024-02-29', '2024-02-29T12:34:56', '2024-13-29T12:34:56Z', 'at 2024-02-29T12:34:56Z', '20240229T123456Z', '12:34:56Z', ''])(
    '%j is none',
    (text) => {
      expect(read(JSON.stringify(text), { dates: 'date' })).toBe(text);
    },
  );

  test('are not made of names or of what else a message says', () => {
    const at = '1970-01-01T00:00:00Z';
    const { messages } = readAll(`{"type":1,"target":"${at}","arguments":[{"${at}":1}]}`, { dates: 'date' });
    expect(messages).toEqual([{ type: 1, target: at, arguments: [{ [at]: 1 }] }]);
  });
});

describe('integers of 64 bits', () => {
  const auto: JsonOptions = { int64: 'auto' };

  test.each<[string, unknown]>([
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', 9_007_199_254_740_992n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['18446744073709551615', 2n ** 64n - 1n],
    ['18446744073709551616', 2 ** 64],
    ['-9223372036854775809', -(2 ** 63)],
    ['1234567890123456789.5', Number('1234567890123456789.5')],
    ['1234567890123456789e1', Number('12345678901234567890')],
    ['0.1234567890123456789', 0.123_456_789_012_345_68],
    ['"9007199254740993"', '9007199254740993'],
    ['{"9007199254740993":"\\"9007199254740993"}', { '9007199254740993': '"9007199254740993' }],
    [
      ' [ 9007199254740993 , { "a" : -0 , "b" : [ ] , "a":9007199254740993 } , { } , true,null ] ',
      [9_007_199_254_740_993n, { a: 9_007_199_254_740_993n, b: [] }, {}, true, null],
    ],
    [
      '{"__proto__":9007199254740993}',
      JSON.parse('{"__proto__":0}', (_, value: unknown) => (value === 0 ? 9_007_199_254_740_993n : value)),
    ],
  ])('%s is read exactly', (text, value) => {
    expect(read(text, auto)).toEqual(value);
    expect(typeof read('9007199254740993', {})).toBe('number');
  });

  test("are not made of the protocol's own numbers", () => {
    const { messages } = readAll(
      '{"type":3,"invocationId":"1","result":[9007199254740993]}\u001e{"type":8,"sequenceId":9007199254740994}',
      auto,
    );
    expect(messages).toEqual([
      { type: 3, invocationId: '1', hasResult: true, result: [9_007_199_254_740_993n] },
      { type: 8, sequenceId: 9_007_199_254_740_994 },
    ]);
  });

  test('are read behind a trailing comma and before more text, too', () => {
    expect(readAll('{"type":2,"invocationId":"1","item":9007199254740993} more', auto).messages).toMatchObject([
      { item: 9_007_199_254_740_993n },
    ]);
  });

  test('make no difference to any other value', () => {
    const exact = (value: unknown): unknown => JSON.parse(JSON.stringify(value), (_, inner: unknown) => (isWide(inner) ? 0 : inner));
    const isWide = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);
    fc.assert(
      fc.property(jsonValue.map(exact), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const text = JSON.stringify({ type: 2, item: value, more: '1234567890123456' }, undefined, indent);
        expect(parseExactly(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each<[string, JsonOptions['bigints'] & {}, unknown, string]>([
    ['exact numbers', 'exact', [1n, -(2n ** 53n) + 1n], '[1,-9007199254740991]'],
    ['numbers of any size', 'number', { a: [1n, 2n ** 63n, -(2n ** 64n)] }, '{"a":[1,9223372036854775808,-18446744073709551616]}'],
    [
      'numbers beside text that looks like them',
      'number',
      [2n ** 60n, 'bigint:5', '"bigint:5', { 'bigint::7': 'bigint:::' }],
      '[1152921504606846976,"bigint:5","\\"bigint:5",{"bigint::7":"bigint:::"}]',
    ],
    ['text', 'text', [1n, { a: 2n ** 64n }, 1], '["1",{"a":"18446744073709551616"},1]'],
  ])('are written as %s', (_, bigints, value, text) => {
    expect(written(value, { bigints })).toBe(text);
  });

  test('that a JavaScript client would round are refused, unless it is wanted', () => {
    expect(() => written([2n ** 53n], { bigints: 'exact' })).toThrow(/BigInt 9007199254740992 is beyond 2\^53.*option bigints/);
    expect(written(2n ** 53n, { bigints: 'number' })).toBe('9007199254740992');
    expect(written(2n ** 53n, { bigints: 'text', propertyNaming: 'camelCase' })).toBe('"9007199254740992"');
  });
});

test.each<[object, RegExp]>([
  [{ propertyNaming: 'snake_case' }, /propertyNaming is snake_case\. Expected 'asIs' or 'camelCase'/],
  [{ propertyNaming: { read: 'x' } }, /read is x\. Expected a function/],
  [{ dates: true }, /dates is true\. Expected 'text' or 'date'/],
  [{ int64: 'bigint' }, /int64 is bigint\. Expected 'number' or 'auto'/],
  [{ bigints: 'refuse' }, /bigints is refuse/],
  [{ replacer: ['a'] }, /replacer is a\. Expected a function/],
  [{ reviver: {} }, /reviver/],
])('the options %j are refused', (options, text) => {
  expect(() => new JsonHubProtocol(options as JsonOptions)).toThrow(TypeError);
  expect(() => new JsonHubProtocol(options as JsonOptions)).toThrow(text);
});
