import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unitsOf } from '../../src/metering/units.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessageType, type HubMessage } from '../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { measure } from '../../src/service/metered-payload.ts';
import { recordEnds } from '../../src/service/record-ends.ts';

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.nat({ max: 9_000 }).map((length) => 'x'.repeat(length)),
);
const message: fc.Arbitrary<HubMessage> = fc.oneof(
  fc.record({
    type: fc.constant(MessageType.invocation),
    target: fc.string({ maxLength: 20 }),
    arguments: fc.array(text, { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant(MessageType.streamItem), invocationId: fc.string({ maxLength: 5 }), item: text }),
  fc.record({
    type: fc.constant(MessageType.completion),
    invocationId: fc.string({ maxLength: 5 }),
    hasResult: fc.constant(true),
    result: text,
  }),
  fc.constant({ type: MessageType.ping }),
  fc.record({ type: fc.constantFrom(MessageType.ack, MessageType.sequence), sequenceId: fc.nat() }),
  fc.constant({ type: MessageType.close }),
) as fc.Arbitrary<HubMessage>;

const free = new Set<number>([MessageType.ping, MessageType.ack, MessageType.sequence]);

describe.each([
  ['separator', new JsonHubProtocol()],
  ['length', new MessagePackHubProtocol()],
] as const)('messages behind a %s', (framing, protocol) => {
  test('are counted and billed one by one, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8, size: 'max' }),
        fc.array(fc.nat(), { maxLength: 12, size: 'max' }),
        (messages, cuts) => {
          const records = messages.map((one) => Buffer.from(protocol.write(one)));
          const bytes = Buffer.concat(records);
          const expected = records.reduce((sum, { length }, at) => sum + (free.has(messages[at]?.type ?? 0) ? 0 : unitsOf(length)), 0);
          const listened: number[] = [];
          const ends = recordEnds(framing, { listener: { billed: (units) => void listened.push(units) } });
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
          places.forEach((place, at) => at > 0 && ends.take(bytes.subarray(places[at - 1], place)));
          expect([ends.records, ends.billed, ends.whole]).toEqual([messages.length, expected, true]);
          expect(listened.reduce((sum, units) => sum + units, 0)).toBe(expected);
          expect(measure(bytes, framing)).toEqual({ messages: messages.length, billed: expected, open: undefined });
        },
      ),
    );
  });

  test('leave nothing of a broken one to the next who measures', () => {
    const record = Buffer.from(protocol.write({ type: MessageType.invocation, target: 'x', arguments: [] }));
    const { open } = measure(record.subarray(0, -1), framing);
    expect(open?.whole).toBe(false);
    measure(Buffer.alloc(10, 0xff), framing);
    expect(measure(record, framing)).toEqual({ messages: 1, billed: 1, open: undefined });
    open?.take(record.subarray(-1));
    expect([open?.records, open?.whole]).toEqual([expect.any(Number), true]);
  });
});

test('of a protocol that is not known, every piece is a message', () => {
  const ends = recordEnds(undefined);
  for (const bytes of [1, 2_048, 2_049]) ends.take(Buffer.alloc(bytes));
  expect([ends.records, ends.billed]).toEqual([3, 4]);
});
