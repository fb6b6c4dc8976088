import * as official from '@microsoft/signalr';
import { MessagePackHubProtocol as OfficialMessagePack } from '@microsoft/signalr-protocol-msgpack';
import * as fc from 'fast-check';
import {
  ExtData,
  MessagePackHubProtocol,
  MessageType,
  type HubMessage,
  type MessagePackExtension,
  type MessagePackOptions,
} from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { messagePackValue } from '../../fuzz/messages.ts';
import { bytesOf, loadVectors, readChunks, writeAll } from './vectors.ts';

const item = (value: unknown): HubMessage => ({ type: MessageType.streamItem, invocationId: '1', item: value });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The value as it stands in a stream item, in hexadecimal digits. */
function written(value: unknown, options: MessagePackOptions = {}): string {
  const text = hex(new MessagePackHubProtocol(options).write(item(value)));
  return text.slice(text.indexOf('940280a131') + 10);
}

/** What the bytes of a value are read as. */
function read(bytes: string, options: MessagePackOptions): unknown {
  const frame = Buffer.from(`940280a131${bytes.replaceAll(' ', '')}`, 'hex');
  const { messages, error } = readChunks(new MessagePackHubProtocol(options), [Buffer.concat([Buffer.of(frame.length), frame])]);
  expect(error).toBeUndefined();
  const message = messages[0] as { item?: unknown; error?: string };
  if (message.error !== undefined) throw new Error(message.error);
  return message.item;
}

/** Each way to read. */
const everyWay: readonly MessagePackOptions[] = (['number', 'bigint', 'auto'] as const).flatMap((int64) =>
  (['object', 'map'] as const).map((maps) => ({ int64, maps })),
);

describe('integers that were sent in 64 bits', () => {
  test.each<[string, unknown, unknown, unknown]>([
    ['cf 0000000000000001', 1, 1n, 1],
    ['d3 ffffffffffffffff', -1, -1n, -1],
    ['cf 001fffffffffffff', 2 ** 53 - 1, 2n ** 53n - 1n, 2 ** 53 - 1],
    ['cf 0020000000000001', 2 ** 53, 2n ** 53n + 1n, 2n ** 53n + 1n],
    ['d3 8000000000000000', -(2 ** 63), -(2n ** 63n), -(2n ** 63n)],
    ['cf ffffffffffffffff', 2 ** 64, 2n ** 64n - 1n, 2n ** 64n - 1n],
    ['ce ffffffff', 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1],
    ['7f', 127, 127, 127],
    ['cb 4340000000000000', 2 ** 53, 2 ** 53, 2 ** 53],
  ])('%s is %o as a number, %o as a bigint, and %o as what holds it', (bytes, number, bigint, auto) => {
    for (const [int64, expected] of [
      ['number', number],
      ['bigint', bigint],
      ['auto', auto],
    ] as const) {
      expect(read(bytes, { int64 })).toBe(expected);
      expect(read(`92${bytes}81a178${bytes}`, { int64 })).toEqual([expected, { x: expected }]);
      expect(read(`81a178${bytes}`, { int64, maps: 'map' })).toEqual(new Map([['x', expected]]));
    }
  });
});

describe('maps', () => {
  test('are read as objects, or as what they are', () => {
    const bytes = '83 a16e 01 02 92 80 c0 a17a 81 ff c3';
    expect(read(bytes, {})).toEqual({ n: 1, 2: [{}, null], z: { '-1': true } });
    expect(read(bytes, { int64: 'auto' })).toEqual({ n: 1, 2: [{}, null], z: { '-1': true } });
    expect(read(bytes, { maps: 'map' })).toEqual(
      new Map<unknown, unknown>([
        ['n', 1],
        [2, [new Map(), null]],
        ['z', new Map([[-1, true]])],
      ]),
    );
    expect([...(read(bytes, { maps: 'map' }) as Map<unknown, unknown>).keys()]).toEqual(['n', 2, 'z']);
  });

  test('of other keys are read as what they are, or not at all', () => {
    const bytes = '81 92 01 02 a178';
    for (const int64 of ['number', 'bigint'] as const) expect(() => read(bytes, { int64 })).toThrow('Failed to bind Stream message.');
    expect(read(bytes, { maps: 'map' })).toEqual(new Map([[[1, 2], 'x']]));
    expect(read('81 cf0020000000000001 a178', { int64: 'auto' })).toEqual({ '9007199254740993': 'x' });
  });

  test('set no prototype', () => {
    const bytes = '81 a95f5f70726f746f5f5f 81 a178 01';
    for (const int64 of ['number', 'auto'] as const) expect(() => read(bytes, { int64 })).toThrow();
    expect(read(bytes, { maps: 'map' })).toEqual(new Map([['__proto__', new Map([['x', 1]])]]));
  });

  test.each<[string, unknown, string]>([
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, [null]],
        [-1n, true],
        [null, undefined],
      ]),
      '84 a161 01 02 91c0 d3ffffffffffffffff c3 c0 c0',
    ],
    ['an empty map in an object', { m: new Map(), u: undefined, s: 'x' }, '82 a16d 80 a173 a178'],
    ['a set', new Set([1, 'x', new Set()]), '93 01 a178 90'],
    [
      'a set among everything else',
      [
        new Set([1.5]),
        new Date(0),
        Uint8Array.of(1, 2),
        new Uint16Array([1]),
        -1,
        true,
        { n: -129 },
        new ExtData(5, Uint8Array.of(1, 2, 3)),
      ],
      '98 91cb3ff8000000000000 d6ff00000000 c4020102 c4020100 ff c3 81a16ed1ff7f c7030501 0203',
    ],
  ])('%s is written as one', (_, value, bytes) => {
    expect(written(value)).toBe(bytes.replaceAll(' ', ''));
  });

  test('of any size are written', () => {
    for (const size of [15, 16, 65_535, 65_536]) {
      const map = new Map(Array.from({ length: size }, (_, index) => [index, 'x']));
      expect(
        readChunks(new MessagePackHubProtocol({ maps: 'map' }), [Buffer.from(new MessagePackHubProtocol().write(item(map)))]).messages,
      ).toEqual([item(map)]);
    }
  });

  test('that hold themselves are refused', () => {
    const map = new Map<string, unknown>();
    map.set('self', [map]);
    expect(() => written(map)).toThrow(/Too deep objects/);
    for (const value of [() => 1, Symbol('s')]) expect(() => written(new Map([['x', value]]))).toThrow(TypeError);
  });
});

describe('binary data and extensions', () => {
  test.each([0, 1, 2, 3, 4, 8, 16, 17, 255, 256, 65_535, 65_536])('of %d bytes are the same, whoever writes and reads them', (size) => {
    const data = new Uint8Array(size).map((_, index) => index);
    const value = { bytes: data, ext: new ExtData(100, data), negative: new ExtData(-100, data) };
    const usual = Buffer.from(new MessagePackHubProtocol().write(item([value])));
    const own = Buffer.from(new MessagePackHubProtocol().write(item(new Set([value]))));
    expect(own.equals(usual)).toBe(true);
    for (const options of everyWay) {
      const { messages } = readChunks(new MessagePackHubProtocol(options), [usual]);
      const [entry] = (messages[0] as { item?: unknown }).item as unknown[];
      expect(entry).toEqual(options.maps === 'map' ? new Map(Object.entries(value)) : value);
    }
  });

  test('that are read share no bytes with what they were read from', () => {
    for (const options of everyWay) {
      const bytes = Buffer.from(new MessagePackHubProtocol().write(item([Uint8Array.of(1), new ExtData(5, Uint8Array.of(2))])));
      const items: unknown[] = [];
      new MessagePackHubProtocol(options).parse(bytes, 0, 0, (message) => items.push((message as { item?: unknown }).item) > 0);
      bytes.fill(0xff);
      expect(items).toEqual([[Uint8Array.of(1), new ExtData(5, Uint8Array.of(2))]]);
    }
  });
});

class Point {
  readonly x: number;
  readonly y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

const point: MessagePackExtension = {
  type: 1,
  write: (value) => (value instanceof Point ? Uint8Array.of(value.x, value.y) : undefined),
  read: (data) => {
    if (data.length !== 2) throw new RangeError('A point has two bytes.');
    return new Point(data[0] ?? 0, data[1] ?? 0);
  },
};

describe("values of one's own", () => {
  test('are written and read as extensions, wherever they stand', () => {
    for (const options of everyWay) {
      const withPoints = { ...options, extensions: [point] };
      expect(written(new Point(1, 2), withPoints)).toBe('d5010102');
      expect(written({ at: [new Point(1, 2)], n: 1n }, withPoints)).toBe('82a2617491d5010102a16ecf0000000000000001');
      expect(read('d5 01 0102', withPoints)).toEqual(new Point(1, 2));
      expect(read('91 d5 01 0102', withPoints)).toEqual([new Point(1, 2)]);
      expect(read('d5 02 0102', withPoints)).toEqual(new ExtData(2, Uint8Array.of(1, 2)));
      expect(read('d6ff00000001', withPoints)).toEqual(new Date(1_000));
    }
  });

  test('may be read alone or written alone, and may be maps and dates', () => {
    expect(read('d5 01 0102', { extensions: [{ type: 1 }] })).toEqual(new ExtData(1, Uint8Array.of(1, 2)));
    const odd: MessagePackExtension = {
      type: 2,
      write: (value) => (value instanceof Map || value instanceof Date ? Uint8Array.of(7) : undefined),
    };
    expect(written([new Map(), new Date(0), new Set()], { extensions: [odd] })).toBe('93d40207d4020790');
  });

  test('that can not be read fail what brought them, and nothing else', () => {
    expect(() => read('d4 01 00', { extensions: [point] })).toThrow('Failed to bind Stream message.');
    const frame = Buffer.from('960180a131a16d91d4010090', 'hex');
    const { messages, error } = readChunks(new MessagePackHubProtocol({ extensions: [point] }), [
      Buffer.concat([Buffer.of(frame.length), frame]),
    ]);
    expect([messages, error]).toEqual([[expect.objectContaining({ type: 'bindingFailure', target: 'm', invocationId: '1' })], undefined]);
  });
});

describe('recorded messages', () => {
  const recorded = loadVectors().messagepack.filter(
    ({ error, write, limit }) => error === undefined && write !== false && limit === undefined,
  );

  test.each(everyWay)('are written again as they were recorded, read as %o', (options) => {
    expect(recorded.length).toBeGreaterThan(50);
    for (const vector of recorded) {
      const protocol = new MessagePackHubProtocol(options);
      const bytes = bytesOf(vector);
      const { messages } = readChunks(protocol, [bytes]);
      // What comes in 64 bits although it has no need of them goes out so only as a bigint.
      const int64 = vector.int64 ?? 'number';
      if (options.int64 === int64 || !/c[f]0000|d3ffff/.test(hex(bytes)))
        expect([vector.name, hex(writeAll(protocol, messages))]).toEqual([vector.name, hex(bytes)]);
    }
  });

  test('are read alike in every way, but for integers and maps', () => {
    fc.assert(
      fc.property(messagePackValue, (value) => {
        const bytes = Buffer.from(new MessagePackHubProtocol().write(item(value)));
        const [usual, exact] = [{}, { int64: 'auto' } as const].map((options) => readChunks(new MessagePackHubProtocol(options), [bytes]));
        expect(exact).toEqual(usual);
        const again = readChunks(new MessagePackHubProtocol({ maps: 'map' }), [bytes]).messages[0] as HubMessage;
        expect(hex(new MessagePackHubProtocol().write(again))).toBe(hex(bytes));
      }),
    );
  });
});

test('the official client reads maps, sets and bigints as it has them', () => {
  const value = {
    map: new Map<unknown, unknown>([
      ['a', 1],
      [2, 'x'],
    ]),
    set: new Set([1, 2]),
    big: 2n ** 40n,
  };
  const bytes = Uint8Array.from(new MessagePackHubProtocol().write({ type: MessageType.invocation, target: 'm', arguments: [value] }));
  const [message] = new OfficialMessagePack().parseMessages(bytes.buffer, official.NullLogger.instance);
  expect(message).toMatchObject({ arguments: [{ map: { a: 1, 2: 'x' }, set: [1, 2], big: 2 ** 40 }] });
});

test.each<[object, RegExp]>([
  [{ int64: true }, /int64 is true\. Expected 'number' or 'bigint' or 'auto'/],
  [{ maps: 'Map' }, /maps is Map/],
  [{ extensions: [{ type: -1 }] }, /type -1\. Expected 0 to 127/],
  [{ extensions: [{ type: 128 }] }, /type 128/],
  [{ extensions: [{ type: 1.5 }] }, /type 1\.5/],
  [{ extensions: [{ type: 1 }, { type: 1 }] }, /Two extensions have the type 1/],
])('the options %j are refused', (options, text) => {
  expect(() => new MessagePackHubProtocol(options as MessagePackOptions)).toThrow(TypeError);
  expect(() => new MessagePackHubProtocol(options as MessagePackOptions)).toThrow(text);
});
