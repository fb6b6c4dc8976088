import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { HubProtocolError, type HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type HubMessage, type ReceivedMessage } from '../protocol/hub/message.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { bytesOf, fault, messagesOf, plain, plainValues, read, sequence, written } from './protocol-samples.ts';

/** What a case gets: a protocol, and some bytes that only its author can know. Records are whole, with what ends or precedes them. */
export interface HubProtocolUnderTest {
  readonly protocol: HubProtocol;
  /** Values that it carries as they are, besides those of JSON: bytes, dates. Default: none. */
  readonly values?: readonly unknown[];
  /** A record of a message whose type nobody knows. */
  readonly unknown: string | Uint8Array;
  /** Records that are no messages: some of each kind. */
  readonly broken: readonly (string | Uint8Array)[];
  /** Records that are made to do harm: nested a hundred thousand times, announcing lengths they do not have. Default: none. */
  readonly hostile?: readonly (string | Uint8Array)[];
}

export type HubProtocolCase = ConformanceCase<HubProtocolUnderTest>;

const PING: HubMessage = { type: MessageType.ping };
const ROUNDS = 2_000;

const item = (value: unknown): HubMessage => ({ type: MessageType.streamItem, invocationId: '1', item: value });

/** The one message that `bytes` hold. */
function readOne(protocol: HubProtocol, bytes: Uint8Array): ReceivedMessage {
  const { messages, error, waiting } = read(protocol, [bytes]);
  assert.equal(error, undefined);
  assert.deepEqual([messages.length, waiting], [1, 0], 'one message is written as one record, and read as one');
  return messages[0] as ReceivedMessage;
}

const writing: readonly HubProtocolCase[] = [
  {
    name: 'it says what it is, and writes what it says',
    run: async ({ protocol }) => {
      const { name, version, format } = protocol;
      assert.equal(typeof name, 'string');
      assert.notEqual(name, '');
      assert.equal(name, name.toLowerCase(), 'a name is in lower case');
      assert.ok(version === 1 || version === 2, 'there are versions 1 and 2');
      assert.ok(format === 'text' || format === 'binary');
      for (const message of messagesOf(protocol)) {
        assert.equal(typeof protocol.write(message), format === 'text' ? 'string' : 'object');
      }
    },
  },
  {
    name: 'each kind of message is read as it was written',
    run: async ({ protocol }) => {
      for (const message of messagesOf(protocol)) {
        assert.deepEqual(plain(readOne(protocol, written(protocol, message))), plain(message));
      }
    },
  },
  {
    name: 'each value is read as it was written: as an argument, an item and a result',
    run: async ({ protocol, values = [] }) => {
      const all = [...plainValues, ...values];
      const call: HubMessage = { type: MessageType.invocation, target: 'm', arguments: all };
      assert.deepEqual((readOne(protocol, written(protocol, call)) as { arguments?: unknown }).arguments, all);
      for (const value of all) {
        assert.deepEqual((readOne(protocol, written(protocol, item(value))) as { item?: unknown }).item, value);
        const result: HubMessage = { type: MessageType.completion, invocationId: '1', hasResult: true, result: value };
        assert.deepEqual(plain(readOne(protocol, written(protocol, result))), plain(result));
      }
    },
  },
  {
    name: 'an argument that is undefined keeps its place',
    run: async ({ protocol }) => {
      const call: HubMessage = { type: MessageType.invocation, target: 'm', arguments: [undefined, 1, undefined] };
      const { arguments: args } = readOne(protocol, written(protocol, call)) as { readonly arguments: readonly unknown[] };
      assert.deepEqual(
        args.map((value) => value ?? null),
        [null, 1, null],
      );
    },
  },
  {
    name: 'what was written stays as it is when more is written, also by a getter of a value',
    run: async ({ protocol }) => {
      const first = protocol.write(item('first'));
      const copy = Buffer.from(bytesOf(first));
      const nesting = {
        before: 1,
        get inner(): number {
          protocol.write(item('other'));
          return 2;
        },
        after: 3,
      };
      const { item: value } = readOne(protocol, written(protocol, item(nesting))) as { readonly item?: unknown };
      assert.deepEqual(value, { before: 1, inner: 2, after: 3 });
      assert.deepEqual(bytesOf(first), copy);
    },
  },
  {
    name: 'a value that can not be written is a TypeError, and the next message is written as ever',
    run: async ({ protocol }) => {
      const cyclic: unknown[] = [];
      cyclic.push({ cyclic });
      assert.throws(() => protocol.write(item(cyclic)), TypeError);
      assert.deepEqual(plain(readOne(protocol, written(protocol, item([1])))), item([1]));
    },
  },
  {
    name: 'a name that objects have by themselves is a name like any other',
    run: async ({ protocol }) => {
      const headers = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
      const message = readOne(protocol, written(protocol, { type: MessageType.invocation, headers, target: 'toString', arguments: [] }));
      assert.deepEqual(Object.entries((message as { headers?: object }).headers ?? {}), Object.entries(headers));
      const { messages } = read(protocol, [written(protocol, item(JSON.parse('{"__proto__":{"polluted":true}}')))]);
      for (const received of messages)
        assert.ok(!('polluted' in Object((received as { item?: unknown }).item)), 'a value sets a prototype');
      assert.ok(!('polluted' in {}), 'a value changes every object');
    },
  },
];

const cutting: readonly HubProtocolCase[] = [
  {
    name: 'messages are the same however their bytes are cut',
    run: async ({ protocol }) => {
      const messages = messagesOf(protocol);
      const bytes = written(protocol, ...messages);
      const expected = messages.map(plain);
      const reads = (chunks: readonly Buffer[], cut: string): void => {
        const { messages: taken, waiting, error } = read(protocol, chunks);
        assert.equal(error, undefined, cut);
        assert.deepEqual(taken.map(plain), expected, cut);
        assert.equal(waiting, 0, cut);
      };
      for (let at = 0; at <= bytes.length; at++) reads([bytes.subarray(0, at), bytes.subarray(at)], `cut at ${at}`);
      reads(
        Array.from(bytes, (byte) => Buffer.of(byte)),
        'byte by byte',
      );
    },
  },
  {
    name: 'it begins at the start it is given, stops where the sink says so, and goes on there',
    run: async ({ protocol }) => {
      const records = [written(protocol, PING), written(protocol, item('a')), written(protocol, item('b'))];
      const before = Buffer.from('\u001e\u0000garbage');
      const bytes = Buffer.concat([before, ...records]);
      let position = before.length;
      for (const record of records) {
        let calls = 0;
        const end = protocol.parse(bytes, position, 0, () => {
          calls++;
          return false;
        });
        assert.deepEqual([end, calls], [position + record.length, 1]);
        position = end;
      }
      assert.equal(
        protocol.parse(bytes, position, 0, () => true),
        bytes.length,
      );
    },
  },
  {
    name: 'it tells how many bytes each message took',
    run: async ({ protocol }) => {
      const records = messagesOf(protocol).map((message) => written(protocol, message));
      const { lengths } = read(protocol, [Buffer.concat(records)]);
      assert.deepEqual(
        lengths,
        records.map(({ length }) => length),
      );
    },
  },
  {
    name: 'connections do not disturb each other, nor does a sink that reads and writes',
    run: async ({ protocol }) => {
      const bytes = written(protocol, item({ a: [1] }), item('b'));
      const half = Math.floor(bytes.length / 2);
      const items: unknown[] = [];
      const collect = (message: ReceivedMessage): boolean => items.push((message as { item?: unknown }).item) > 0;
      const left = protocol.parse(bytes.subarray(0, half), 0, 0, collect);
      protocol.parse(bytes, 0, 0, (message) => {
        protocol.parse(written(protocol, item('inner')), 0, 0, collect);
        return collect(message);
      });
      protocol.parse(bytes, left, 0, collect);
      const before = left === 0 ? [] : [{ a: [1] }];
      const after = left === 0 ? [{ a: [1] }, 'b'] : ['b'];
      assert.deepEqual(items, [...before, 'inner', { a: [1] }, 'inner', 'b', ...after]);
    },
  },
];

const limiting: readonly HubProtocolCase[] = [
  {
    name: 'a message may be as large as the limit and no larger, whatever stands before it',
    run: async ({ protocol }) => {
      const small = written(protocol, PING);
      const record = written(protocol, item('x'.repeat(500)));
      const bytes = Buffer.concat([...Array.from({ length: 500 }, () => small), record]);
      const passed = read(protocol, [bytes], record.length);
      assert.deepEqual([passed.messages.length, passed.error], [501, undefined]);
      const refused = read(protocol, [bytes], record.length - 1);
      assert.ok(refused.error instanceof HubProtocolError, 'one byte more than the limit passes');
      assert.equal(refused.messages.length, 500, 'the messages before the large one are lost');
    },
  },
  {
    name: 'a message over the limit is refused before it is whole',
    run: async ({ protocol }) => {
      const begun = written(protocol, item('x'.repeat(10_000))).subarray(0, 200);
      assert.ok(
        read(protocol, [begun], 100).error instanceof HubProtocolError,
        'a client can make the server wait for, and keep, any size',
      );
      assert.equal(read(protocol, [begun], 0).error, undefined);
    },
  },
];

const misreading: readonly HubProtocolCase[] = [
  {
    name: 'a message of an unknown type is skipped',
    run: async ({ protocol, unknown }) => {
      const ping = written(protocol, PING);
      const { messages, error, waiting } = read(protocol, [Buffer.concat([ping, bytesOf(unknown), ping])]);
      assert.deepEqual([messages.map(plain), error, waiting], [[PING, PING], undefined, 0]);
    },
  },
  {
    name: 'what is no message is a HubProtocolError, behind the messages before it',
    run: async ({ protocol, broken }) => {
      assert.ok(broken.length > 0, 'there are no broken records to try');
      for (const [index, record] of broken.entries()) {
        const { messages, error } = read(protocol, [Buffer.concat([written(protocol, PING), bytesOf(record)])]);
        assert.ok(error instanceof HubProtocolError, `broken[${index}] is read as ${inspect(messages.slice(1))}`);
        assert.deepEqual(messages.map(plain), [PING]);
      }
    },
  },
  {
    name: 'damaged messages are messages of the right form, or HubProtocolErrors',
    run: async ({ protocol, values = [] }) => {
      const records = [...messagesOf(protocol), item([...plainValues, ...values])].map((message) => written(protocol, message));
      const random = sequence(1);
      for (let round = 0; round < ROUNDS; round++) {
        const bytes = Buffer.from(records[random(records.length)] as Buffer);
        for (let edits = random(4); edits >= 0; edits--) bytes[random(bytes.length)] = random(256);
        for (const message of read(protocol, [bytes]).messages) {
          const wrong = fault(message);
          if (wrong !== undefined) assert.fail(`${wrong}: ${bytes.toString('hex')} is read as ${inspect(message)}`);
        }
      }
    },
  },
  {
    name: 'what is made to do harm does none',
    run: async ({ protocol, hostile = [] }) => {
      for (const record of hostile) {
        const before = process.memoryUsage().heapUsed;
        for (const message of read(protocol, [bytesOf(record)]).messages) assert.equal(fault(message), undefined);
        assert.ok(process.memoryUsage().heapUsed - before < 100_000_000, 'a short record takes a hundred megabytes');
      }
    },
  },
];

/** Everything that `HubProtocol` promises. */
export const hubProtocolCases: readonly HubProtocolCase[] = [...writing, ...cutting, ...limiting, ...misreading];
