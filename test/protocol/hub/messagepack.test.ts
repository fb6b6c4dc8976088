import { encodeTimeSpecToTimestamp } from '@msgpack/msgpack';
import { ExtData, HubProtocolError, MessagePackHubProtocol, MessageType } from 'signalbox/protocol';
import type { HubMessage, ReceivedMessage } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { readChunks } from './vectors.ts';

const protocol = new MessagePackHubProtocol();

function item(value: unknown): HubMessage {
  return { type: MessageType.streamItem, invocationId: '1', item: value };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The value as it stands in a stream item, in hexadecimal digits. */
function written(value: unknown, by: MessagePackHubProtocol = protocol): string {
  const text = hex(by.write(item(value)));
  return text.slice(text.indexOf('940280a131') + 10);
}

function readBack(value: unknown, by: MessagePackHubProtocol = protocol): unknown {
  const { messages } = readChunks(by, [Buffer.from(by.write(item(value)))]);
  return (messages[0] as { item?: unknown }).item;
}

describe('write', () => {
  test.each([
    [undefined, 'c0'],
    [null, 'c0'],
    [false, 'c2'],
    [true, 'c3'],
    [0, '00'],
    [-0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [65_536, 'ce00010000'],
    [2 ** 32 - 1, 'ceffffffff'],
    [2 ** 32, 'cf0000000100000000'],
    [2 ** 53 - 1, 'cf001fffffffffffff'],
    [2 ** 53, 'cb4340000000000000'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-129, 'd1ff7f'],
    [-(2 ** 31), 'd280000000'],
    [-(2 ** 31) - 1, 'd3ffffffff7fffffff'],
    [-(2 ** 53) + 1, 'd3ffe0000000000001'],
    [1.5, 'cb3ff8000000000000'],
    [Number.NaN, 'cb7ff8000000000000'],
    ['', 'a0'],
    ['é', 'a2c3a9'],
    ['\ud800', 'a3efbfbd'],
    [new Date(1_000), 'd6ff00000001'],
    [new Date(1_500), 'd7ff7735940000000001'],
    [new Date(-1), 'c70cff3b8b87c0ffffffffffffffff'],
    [Buffer.of(1, 2), 'c4020102'],
    [new Uint16Array([1]), 'c4020100'],
    [new ExtData(7, Uint8Array.of(1, 2)), 'd5070102'],
    [{ a: undefined, b: [undefined] }, '81a16291c0'],
    [[2 ** 32, -0, new Date(0)], '93cf000000010000000000d6ff00000000'],
    [18_446_744_073_709_551_615n, 'cfffffffffffffffff'],
    [-(2n ** 63n), 'd38000000000000000'],
    [1n, 'cf0000000000000001'],
    [
      { n: [1n, 2 ** 40, -1, -(2 ** 40)], d: new Date(0), x: 0.5 },
      '83a16e94cf0000000000000001cf0000010000000000ffd3ffffff0000000000a164d6ff00000000a178cb3fe0000000000000',
    ],
  ])('the value %o', (value, bytes) => {
    expect(written(value)).toBe(bytes);
  });

  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a function inside', { call: () => 1 }],
    ['a cycle', cyclic],
    ['a cycle with a bigint', [1n, cyclic]],
    ['an invalid date', new Date(Number.NaN)],
    ['a bigint beyond 64 bits', 2n ** 64n],
    ['a negative bigint beyond 64 bits', [-(2n ** 63n) - 1n]],
  ])('%s is refused, and the next message is written as ever', (_, value) => {
    expect(() => protocol.write(item(value))).toThrow(TypeError);
    expect(() => protocol.write(item(value))).toThrow(/^A value can't be sent as MessagePack: /);
    expect(written([1])).toBe('9101');
  });

  test('a cycle is found before the stack ends', () => {
    for (const value of [cyclic, [1n, cyclic]]) expect(() => protocol.write(item(value))).toThrow(/: Too deep objects/);
  });

  test('an error of a getter is the cause of the refusal', () => {
    const cause = new RangeError('mine');
    const value = {
      get broken(): never {
        throw cause;
      },
    };
    expect(() => protocol.write(item(value))).toThrow(expect.objectContaining({ name: 'TypeError', cause }));
  });

  test('may be entered again by a getter', () => {
    const inner: string[] = [];
    const value = {
      a: 1,
      get b(): number {
        inner.push(written({ inner: 'x'.repeat(40) }));
        return 2;
      },
      c: 3,
    };
    expect(written([value])).toBe('9183a16101a16202a16303');
    expect(new Set(inner)).toEqual(new Set([`81a5696e6e6572d928${'78'.repeat(40)}`]));
    expect(written(1)).toBe('01');
  });

  test('what was written stays when more is written', () => {
    const first = protocol.write(item({ a: 'first' }));
    const copy = hex(first);
    protocol.write(item({ a: 'other' }));
    expect(hex(first)).toBe(copy);
  });

  test('messages of any size', () => {
    for (const size of [100, 2_000, 40_000, 70_000, 1_000_000, 10]) {
      expect(readBack('é'.repeat(size))).toBe('é'.repeat(size));
      expect(readBack(['x'.repeat(size)])).toEqual(['x'.repeat(size)]);
      const bytes = new Uint8Array(size).fill(7);
      expect(Buffer.compare(readBack(bytes) as Uint8Array, bytes)).toBe(0);
    }
  });

  test('as many arguments, streams and headers as there are', () => {
    const many = Array.from({ length: 66_000 }, (_, index) => `${index}`);
    const message: HubMessage = {
      type: MessageType.invocation,
      target: 'm',
      arguments: many,
      streamIds: many.slice(0, 20),
      headers: Object.fromEntries(many.slice(0, 300).map((name) => [`h${name}`, name])),
    };
    expect(readChunks(protocol, [Buffer.from(protocol.write(message))]).messages).toEqual([message]);
  });
});

describe('parse', () => {
  test('begins at the start it is given and stops where the sink says so', () => {
    const bytes = Buffer.from('ffffff 029106 049307c0c2 029106'.replaceAll(' ', ''), 'hex');
    const lengths: number[] = [];
    const end = protocol.parse(bytes, 3, 0, (message, byteLength) => {
      lengths.push(byteLength);
      return message.type !== MessageType.close;
    });
    expect([end, lengths]).toEqual([11, [3, 5]]);
    expect(protocol.parse(bytes, end, 0, () => true)).toBe(bytes.length);
  });

  test('leaves what is not whole, and counts what it skips as read', () => {
    expect(protocol.parse(Buffer.from('0291630291', 'hex'), 0, 0, () => true)).toBe(3);
  });

  test('may be entered again by the sink', () => {
    const one = Buffer.from(protocol.write(item({ a: [1] })));
    const outer = Buffer.concat([one, one]);
    const items: unknown[] = [];
    const collect = (message: ReceivedMessage): boolean => items.push((message as { item?: unknown }).item) > 0;
    const end = protocol.parse(outer, 0, 0, (message) => {
      protocol.parse(Buffer.from(protocol.write(item('inner'))), 0, 0, collect);
      return collect(message);
    });
    expect([end, items]).toEqual([outer.length, ['inner', { a: [1] }, 'inner', { a: [1] }]]);
  });

  test('what is read shares no bytes with the chunk', () => {
    const value = [Uint8Array.of(1, 2), { nested: [Uint8Array.of(3)] }, new ExtData(9, Uint8Array.of(4))];
    const message: HubMessage = { type: MessageType.invocation, target: 'm', arguments: [...value, Uint8Array.of(5)], headers: { a: 'b' } };
    const bytes = Buffer.from(protocol.write(message));
    const messages: ReceivedMessage[] = [];
    protocol.parse(bytes, 0, 0, (read) => messages.push(read) > 0);
    bytes.fill(0xff);
    expect(messages).toEqual([message]);
  });

  test('binary values are plain Uint8Arrays', () => {
    for (const value of [readBack(Buffer.of(1)), (readBack([Buffer.of(1)]) as unknown[])[0]]) {
      expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
    }
  });

  test('integers of 64 bits are numbers, or bigints where the option says so', () => {
    const wide = new MessagePackHubProtocol({ int64: 'bigint' });
    const value = { big: 2n ** 63n, list: [-(2n ** 62n)], small: 1 };
    expect(readBack(value, wide)).toEqual(value);
    expect(readBack(2n ** 63n, wide)).toBe(2n ** 63n);
    expect(readBack(value)).toEqual({ big: 2 ** 63, list: [-(2 ** 62)], small: 1 });
    expect(readBack(2n ** 63n)).toBe(2 ** 63);
    expect(readBack(2 ** 40, wide)).toBe(2n ** 40n);
    expect(readBack(2 ** 31, wide)).toBe(2 ** 31);
  });

  test('headers inherit nothing', () => {
    const bytes = Buffer.from('960181a95f5f70726f746f5f5fa178c0a16d9090', 'hex');
    const { messages } = readChunks(protocol, [Buffer.concat([Buffer.of(bytes.length), bytes])]);
    const { headers } = messages[0] as { headers?: Record<string, string> };
    expect(Object.entries(headers ?? {})).toEqual([['__proto__', 'x']]);
    expect(headers?.['toString']).toBeUndefined();
  });

  test('announced lengths take no memory', () => {
    // 60 arrays in each other, each said to have a hundred million items.
    const nested = Buffer.concat(Array.from({ length: 60 }, () => Buffer.from('dd05f5e100', 'hex')));
    const payload = Buffer.concat([Buffer.from('960180a131a16d91', 'hex'), nested]);
    const before = process.memoryUsage().heapUsed;
    const { messages } = readChunks(protocol, [Buffer.concat([Buffer.of(0x80 | (payload.length & 0x7f), payload.length >> 7), payload])]);
    expect(messages).toMatchObject([{ type: 'bindingFailure', invocationId: '1', target: 'm' }]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  });

  test('the error is one of its own class', () => {
    expect(() => protocol.parse(Buffer.of(1, 0xc1), 0, 0, () => true)).toThrow(HubProtocolError);
  });
});

describe('a timestamp finer than milliseconds', () => {
  const timestamp = encodeTimeSpecToTimestamp({ sec: 1_017_656_415, nsec: 123_456_700 });
  const bytes = `d7ff${hex(timestamp)}`;
  const read = (): Date => {
    const frame = Buffer.from(`940280a131${bytes}`, 'hex');
    const { messages } = readChunks(protocol, [Buffer.concat([Buffer.of(frame.length), frame])]);
    return (messages[0] as { item: Date }).item;
  };

  test('is a date in milliseconds', () => {
    expect(read()).toBeInstanceOf(Date);
    expect(read().toJSON()).toBe('2002-04-01T10:20:15.123Z');
  });

  test('goes out as it came in, also within something else', () => {
    expect(written(read())).toBe(bytes);
    expect(written({ at: [read()] })).toBe(`81a2617491${bytes}`);
  });

  test('may count seconds in nanoseconds', () => {
    const frame = Buffer.from('940280a131c70cff2321e300000003ea4cffe5ef', 'hex');
    frame.writeUInt32BE(3_999_999_900, 8);
    frame.writeBigInt64BE(1_017_656_412n, 12);
    const { messages } = readChunks(protocol, [Buffer.concat([Buffer.of(frame.length), frame])]);
    const { item: date } = messages[0] as { item: Date };
    expect(date.toJSON()).toBe('2002-04-01T10:20:15.999Z');
    expect(written(date)).toBe(`d7ff${hex(encodeTimeSpecToTimestamp({ sec: 1_017_656_415, nsec: 999_999_900 }))}`);
  });

  test('is a date like any other once it is changed', () => {
    const changed = read();
    changed.setUTCSeconds(16);
    expect(written(changed)).toBe(written(new Date('2002-04-01T10:20:16.123Z')));
  });
});
