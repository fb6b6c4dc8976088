import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { MessageType, type HubMessage } from '../../src/protocol/hub/message.ts';
import { recordEnds } from '../../src/service/record-ends.ts';
import { RecordReader } from '../../src/service/record-reader.ts';
import { relayedProtocol } from '../../src/service/relayed-protocol.ts';
import { RunningCalls } from '../../src/service/running-calls.ts';

const protocols = { json: new JsonHubProtocol(), messagepack: new MessagePackHubProtocol() } as const;

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
const messages = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constantFrom(MessageType.invocation, MessageType.streamInvocation),
      invocationId: id,
      target: id,
      arguments: fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 3 }),
      streamIds: fc.array(id, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ type: fc.constant(MessageType.streamItem), invocationId: id, item: fc.jsonValue({ maxDepth: 3 }) }),
    fc.record({ type: fc.constant(MessageType.cancelInvocation), invocationId: id }),
    fc.constant({ type: MessageType.ping }),
  ),
  { maxLength: 6 },
);

/** A message as it is told from its head. */
const headOf = (message: HubMessage): object => {
  const { type, invocationId, streamIds } = message as {
    readonly type: number;
    readonly invocationId?: string;
    readonly streamIds?: readonly string[];
  };
  return { type, ...(invocationId === undefined ? {} : { invocationId }), ...(streamIds === undefined ? {} : { streamIds }) };
};

/** Cuts bytes at places from 0 to 1. */
function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length].toSorted((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function read(reader: RecordReader, chunks: readonly Buffer[]): readonly unknown[] {
  const heads: unknown[] = [];
  for (const chunk of chunks) {
    for (let end = reader.next(chunk, 0); end !== -1; end = reader.next(chunk, end)) heads.push(reader.head);
  }
  return heads;
}

describe.each(['json', 'messagepack'] as const)('a reader of %s', (name) => {
  const relayed = relayedProtocol(name);
  const reader = (): RecordReader => new RecordReader(relayed, recordEnds(relayed.framing));
  const write = (all: readonly HubMessage[]): Buffer => Buffer.concat(all.map((message) => Buffer.from(protocols[name].write(message))));

  test('tells what each message is, however the bytes are cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }), (all, places) => {
        const bytes = write(all);
        const chunks = cut(bytes, places);
        const one = reader();
        expect(read(one, chunks)).toEqual(all.map(headOf));
        expect(one.ends.whole).toBe(true);
        const ends = recordEnds(relayed.framing);
        for (const chunk of chunks) ends.take(chunk);
        expect(ends.records).toBe(all.length);
      }),
    );
  });

  test('tells what a message is of which it keeps the beginning only, and what follows it', () => {
    const large = { type: MessageType.streamItem, invocationId: '7', item: 'x'.repeat(500_000) } as const;
    const next = { type: MessageType.cancelInvocation, invocationId: '8' } as const;
    const bytes = write([large, next]);
    expect(read(reader(), cut(bytes, [0.1, 0.2, 0.5, 0.9]))).toEqual([large, next].map(headOf));
  });
});

describe('the calls of a client', () => {
  const call = { type: MessageType.invocation, invocationId: '1' };

  test('run until they end or are cancelled; one that nobody waits for, as long as it is fed', () => {
    const calls = new RunningCalls(10);
    calls.sent(call);
    calls.sent({ type: MessageType.streamInvocation, invocationId: '2' });
    calls.sent({ type: MessageType.invocation, streamIds: ['3', '4'] });
    calls.sent({ type: MessageType.invocation });
    calls.sent({ type: MessageType.streamItem, invocationId: '3' });
    expect(calls.size).toBe(4);
    calls.came({ type: MessageType.streamItem, invocationId: '1' });
    calls.came({ type: MessageType.completion, invocationId: '1' });
    calls.sent({ type: MessageType.completion, invocationId: '3' });
    expect(calls.size).toBe(2);
    expect(calls.giveUp()).toEqual(['2']);
    expect(calls.size).toBe(0);
    calls.sent(call);
    calls.sent({ type: MessageType.cancelInvocation, invocationId: '1' });
    expect(calls.size).toBe(0);
  });

  test('are kept within a limit, and only with ids of a length', () => {
    const calls = new RunningCalls(2);
    for (const invocationId of ['1', '2', '3']) calls.sent({ ...call, invocationId });
    expect(calls.giveUp()).toEqual(['1', '2']);
    calls.sent({ ...call, invocationId: 'x'.repeat(129) });
    expect(calls.size).toBe(0);
  });
});
