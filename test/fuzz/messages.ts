import * as fc from 'fast-check';
import { MessageType } from 'signalbox/protocol';
import type { HubMessage, ReceivedMessage } from 'signalbox/protocol';

/** Random messages, for properties that hold for all of them. */

/** Any character. fast-check has such a unit of its own, which keeps a table of 80 MB. */
const character = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
);
const unit = character.map((code) => String.fromCodePoint(code));

const name = fc.string({ unit, minLength: 1, maxLength: 40 }).filter((text) => text !== '__proto__');
const sequenceId = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const headers = optional(fc.dictionary(name, name, { minKeys: 1, maxKeys: 4, noNullPrototype: true }));
const streamIds = optional(fc.array(name, { minLength: 1, maxLength: 3 }));

/** Random values of JSON. */
export const jsonValue: fc.Arbitrary<unknown> = fc
  .jsonValue({ maxDepth: 5, stringUnit: unit })
  // Minus zero is the one number that JSON text forgets.
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** Random values of MessagePack. */
export const messagePackValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.integer({ min: -300, max: 300 }),
    fc.double().map((value) => value + 0),
    fc.string({ unit }),
    fc.uint8Array(),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(name, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value;

/** Random messages of every type, with values of one protocol. */
export function messageOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<HubMessage> {
  const call = { headers, target: name, arguments: fc.array(value, { maxLength: 4 }), streamIds };
  const completion = { type: fc.constant(MessageType.completion), headers, invocationId: name };
  return fc.oneof(
    fc.record({ type: fc.constant(MessageType.invocation), invocationId: optional(name), ...call }),
    fc.record({ type: fc.constant(MessageType.streamInvocation), invocationId: name, ...call }),
    fc.record({ type: fc.constant(MessageType.streamItem), headers, invocationId: name, item: value }),
    fc.record({ ...completion, hasResult: fc.constant(true), result: value }),
    fc.record({ ...completion, hasResult: fc.constant(false), error: optional(name) }),
    fc.record({ type: fc.constant(MessageType.cancelInvocation), headers, invocationId: name }),
    fc.record({ type: fc.constant(MessageType.ping) }),
    fc.record({ type: fc.constant(MessageType.close), error: optional(name), allowReconnect: fc.constant(true) }),
    fc.record({ type: fc.constant(MessageType.ack), sequenceId }),
    fc.record({ type: fc.constant(MessageType.sequence), sequenceId }),
  );
}

/** Whether what `parse` handed on has the shape that it promises. */
export function isWellFormed(message: ReceivedMessage): boolean {
  const { invocationId, headers: sent } = message as { invocationId?: unknown; headers?: object };
  const hasId = typeof invocationId === 'string' && invocationId !== '';
  if (sent !== undefined && !Object.values(sent).every((text) => typeof text === 'string')) return false;
  switch (message.type) {
    case MessageType.invocation:
    case MessageType.streamInvocation:
      return (
        typeof message.target === 'string' &&
        Array.isArray(message.arguments) &&
        (message.streamIds ?? []).every((id) => typeof id === 'string') &&
        (hasId || (message.type === MessageType.invocation && invocationId === undefined))
      );
    case 'bindingFailure':
      return typeof message.target === 'string' && (hasId || (!message.streaming && invocationId === undefined));
    case MessageType.streamItem:
      return hasId && 'item' in message;
    case MessageType.completion:
      return hasId && !(message.hasResult && message.error !== undefined) && ['string', 'undefined'].includes(typeof message.error);
    case MessageType.cancelInvocation:
      return hasId;
    case MessageType.ack:
    case MessageType.sequence:
      return Number.isInteger(message.sequenceId);
    case MessageType.ping:
    case MessageType.close:
      break;
  }
  return true;
}
