import { hubProtocolCases, type HubProtocolUnderTest } from 'signalbox/conformance';
import {
  HubProtocolError,
  JsonHubProtocol,
  MessagePackHubProtocol,
  MessageType,
  lengthPrefixSize,
  writeLengthPrefix,
  type HubMessage,
  type HubProtocol,
  type MessageSink,
} from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { LengthPrefixedJson } from '../../examples/protocols/length-prefixed-json.ts';
import { JsonLines } from '../protocol/hub/json-lines.ts';

/** Bytes behind their length. */
function prefixed(bytes: Uint8Array): Buffer {
  const size = lengthPrefixSize(bytes.length);
  const record = Buffer.alloc(size + bytes.length);
  writeLengthPrefix(record, 0, bytes.length);
  record.set(bytes, size);
  return record;
}

const packed = (hex: string): Buffer => prefixed(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** What is wrong in any protocol whose messages are JSON objects. */
const brokenObjects = [
  '',
  '{',
  '[]',
  '5',
  'null',
  '{}',
  '{"type":"1"}',
  '{"type":1.5}',
  '{"type":1,"arguments":[]}',
  '{"type":1,"target":5,"arguments":[]}',
  '{"type":1,"target":"m"}',
  '{"type":1,"target":"m","arguments":{}}',
  '{"type":1,"target":"m","arguments":[],"headers":{"a":1}}',
  '{"type":1,"target":"m","arguments":[],"streamIds":[1]}',
  '{"type":2,"item":1}',
  '{"type":2,"invocationId":"1"}',
  '{"type":3,"invocationId":"1","result":1,"error":"x"}',
  '{"type":4,"invocationId":"","target":"m","arguments":[]}',
  '{"type":8}',
  '{"type":9,"sequenceId":"1"}',
];
const nested = `{"type":1,"target":"m","arguments":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`;
const unknownObject = '{"type":99,"anything":[1]}';

const messagePack = {
  values: [Uint8Array.of(), Uint8Array.of(0, 1, 255), new Date(0), new Date(1_500), [new Date(-1), Uint8Array.of(1)], 'x'.repeat(70_000)],
  unknown: packed('92 63 01'),
  broken: ['90', '91a131', 'c0', 'c1', '80', '91c0', '960180a131c09090', '9601c0', '940280a0', '930580c0', '9208', '950380a13109'].map(
    packed,
  ),
  // Sixty arrays in each other that say that they have a hundred million items each, and a hundred thousand of one.
  hostile: [
    packed(`960180a131a16d91${'dd05f5e100'.repeat(60)}`),
    packed(`960180a131a16d91${'91'.repeat(100_000)}00`),
    packed('960180a131a16dddffffffff'),
  ],
};

const subjects: Readonly<Record<string, HubProtocolUnderTest>> = {
  JsonHubProtocol: {
    protocol: new JsonHubProtocol(),
    unknown: `${unknownObject}\u001e`,
    broken: [...brokenObjects.map((text) => `${text}\u001e`), Buffer.from('{"type":6,"x":"\xff"}\u001e', 'latin1')],
    hostile: [`${nested}\u001e`],
  },
  'JsonHubProtocol with every option': {
    protocol: new JsonHubProtocol({
      propertyNaming: { write: (name) => `_${name}`, read: (name) => name.slice(1) },
      replacer: (_key, value) => (typeof value === 'string' ? `s${value}` : value),
      reviver: (_key, value) => (typeof value === 'string' ? value.slice(1) : value),
      int64: 'auto',
      bigints: 'number',
    }),
    values: [2n ** 60n, [-(2n ** 63n), { big: 2n ** 64n - 1n }]],
    unknown: `${unknownObject}\u001e`,
    broken: brokenObjects.map((text) => `${text}\u001e`),
    hostile: [
      `${nested}\u001e`,
      `{"type":1,"target":"m","arguments":[${'9'.repeat(100_000)}]}\u001e`,
      `${nested.replace('[]', '[1234567890123456789]')}\u001e`,
    ],
  },
  MessagePackHubProtocol: { ...messagePack, protocol: new MessagePackHubProtocol() },
  'MessagePackHubProtocol that reads exactly': {
    ...messagePack,
    protocol: new MessagePackHubProtocol({ int64: 'auto' }),
    values: [...messagePack.values, 2n ** 60n, [-(2n ** 63n), { big: 2n ** 64n - 1n }]],
  },
  LengthPrefixedJson: {
    protocol: new LengthPrefixedJson(),
    unknown: prefixed(Buffer.from(unknownObject)),
    broken: [...brokenObjects.map((text) => prefixed(Buffer.from(text))), Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff)],
    hostile: [prefixed(Buffer.from(nested))],
  },
  JsonLines: {
    protocol: new JsonLines(),
    unknown: `${unknownObject}\n`,
    broken: brokenObjects.map((text) => `${text}\n`),
    hostile: [`${nested}\n`],
  },
};

describe.each(Object.entries(subjects))('%s', (_, subject) => {
  test.each(hubProtocolCases.map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run(subject));
});

/** JSON, but for one thing. */
class Spoilt extends JsonHubProtocol {
  readonly #spoil: Partial<Pick<HubProtocol, 'parse' | 'write'>>;

  constructor(spoil: (right: HubProtocol) => Partial<Pick<HubProtocol, 'parse' | 'write'>>) {
    super();
    this.#spoil = spoil(new JsonHubProtocol());
  }

  override parse(bytes: Buffer, start: number, limit: number, sink: MessageSink): number {
    return this.#spoil.parse ? this.#spoil.parse(bytes, start, limit, sink) : super.parse(bytes, start, limit, sink);
  }

  override write(message: HubMessage): string {
    return this.#spoil.write ? (this.#spoil.write(message) as string) : super.write(message);
  }
}

const changing =
  (change: (message: HubMessage) => HubMessage) =>
  (right: HubProtocol): Pick<HubProtocol, 'write'> => ({ write: (message) => right.write(change(message)) });

const spoilt: readonly (readonly [what: string, failing: string, spoil: ConstructorParameters<typeof Spoilt>[0]])[] = [
  ['bytes for text', 'it says what it is', (right) => ({ write: (message) => Buffer.from(right.write(message) as string) })],
  [
    'headers left out',
    'each kind of message',
    changing((message) => ('headers' in message ? { ...message, headers: undefined } : message)),
  ],
  [
    'null for false',
    'each value is read',
    changing((message) => (message.type === MessageType.streamItem && message.item === false ? { ...message, item: null } : message)),
  ],
  [
    'undefined arguments left out',
    'an argument that is undefined',
    changing((message) =>
      'arguments' in message ? { ...message, arguments: message.arguments.filter((value) => value !== undefined) } : message,
    ),
  ],
  [
    'one buffer for all that is written',
    'what was written stays',
    (right) => {
      const shared = Buffer.alloc(100_000);
      return {
        write: (message) => {
          const text = right.write(message) as string;
          return shared.subarray(0, shared.write(text));
        },
      };
    },
  ],
  [
    'an error of another class for a cycle',
    'a value that can not be written',
    (right) => ({
      write: (message) => {
        try {
          return right.write(message);
        } catch {
          throw new Error('no');
        }
      },
    }),
  ],
  [
    'headers copied by assignment',
    'a name that objects have',
    (right) => ({
      parse: (bytes, start, limit, sink) =>
        right.parse(bytes, start, limit, (message, length) => {
          const sent = 'headers' in message ? message.headers : undefined;
          const headers: Record<string, string> = {};
          for (const [name, text] of Object.entries(sent ?? {})) headers[name] = text;
          return sink(sent === undefined ? message : ({ ...message, headers } as typeof message), length);
        }),
    }),
  ],
  [
    'half a message lost',
    'messages are the same however',
    (right) => ({ parse: (bytes, start, limit, sink) => Math.max(right.parse(bytes, start, limit, sink), bytes.length) }),
  ],
  [
    'a start of its own',
    'it begins at the start',
    (right) => ({ parse: (bytes, _start, limit, sink) => right.parse(bytes, 0, limit, sink) }),
  ],
  [
    'a sink that is not obeyed',
    'it begins at the start',
    (right) => ({ parse: (bytes, start, limit, sink) => right.parse(bytes, start, limit, (...message) => sink(...message) || true) }),
  ],
  [
    'lengths without framing',
    'it tells how many bytes',
    (right) => ({ parse: (bytes, start, limit, sink) => right.parse(bytes, start, limit, (message, length) => sink(message, length - 1)) }),
  ],
  [
    'one state for all connections',
    'connections do not disturb',
    (right) => {
      let busy = false;
      return {
        parse: (bytes, start, limit, sink) => {
          if (busy) return start;
          busy = true;
          try {
            return right.parse(bytes, start, limit, sink);
          } finally {
            busy = false;
          }
        },
      };
    },
  ],
  [
    'a limit that is one byte too generous',
    'a message may be as large',
    (right) => ({ parse: (bytes, start, limit, sink) => right.parse(bytes, start, limit && limit + 1, sink) }),
  ],
  [
    'a limit that only whole messages meet',
    'a message over the limit is refused before',
    (right) => ({ parse: (bytes, start, limit, sink) => (bytes.includes(0x1e, start) ? right.parse(bytes, start, limit, sink) : start) }),
  ],
  [
    'an error for an unknown type',
    'a message of an unknown type',
    (right) => ({
      parse: (bytes, start, limit, sink) => {
        if (bytes.includes('"type":99')) throw new HubProtocolError('What is 99?');
        return right.parse(bytes, start, limit, sink);
      },
    }),
  ],
  [
    'broken messages skipped',
    'what is no message',
    (right) => ({
      parse: (bytes, start, limit, sink) => {
        try {
          return right.parse(bytes, start, limit, sink);
        } catch {
          return bytes.length;
        }
      },
    }),
  ],
  [
    'an error of another class for damage',
    'damaged messages',
    (right) => ({
      parse: (bytes, start, limit, sink) => {
        try {
          return right.parse(bytes, start, limit, sink);
        } catch {
          throw new SyntaxError('no');
        }
      },
    }),
  ],
  [
    'a stack that ends',
    'what is made to do harm',
    (right) => ({
      parse: (bytes, start, limit, sink) => {
        if (bytes.includes('[[[[')) throw new RangeError('Maximum call stack size exceeded');
        return right.parse(bytes, start, limit, sink);
      },
    }),
  ],
];

describe('a protocol that is right but for', () => {
  test.each(spoilt)('%s fails the case for that', async (_, failing, spoil) => {
    const found = hubProtocolCases.find(({ name }) => name.startsWith(failing));
    const subject = { ...(subjects['JsonHubProtocol'] as HubProtocolUnderTest), protocol: new Spoilt(spoil) };
    await expect(found?.run(subject)).rejects.toThrow();
  });

  test('each case is there', () => {
    const failing = new Set(hubProtocolCases.map(({ name }) => name).filter((name) => spoilt.some(([, start]) => name.startsWith(start))));
    expect(failing.size).toBe(hubProtocolCases.length);
  });
});
