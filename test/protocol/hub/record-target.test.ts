import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findRecord } from '../../../src/base/messagepack/length-prefix.ts';
import { JsonHubProtocol } from '../../../src/protocol/hub/json.ts';
import { MessageType } from '../../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../../src/protocol/hub/messagepack.ts';
import { readJsonTarget, readMessagePackTarget } from '../../../src/protocol/hub/record-target.ts';

function jsonTarget(text: string): string | undefined {
  const bytes = Buffer.from(text);
  return readJsonTarget(bytes, 0, bytes.length);
}

function binaryTarget(bytes: Buffer): string | undefined {
  const span = { start: 0, end: 0 };
  findRecord(bytes, 0, 0, span);
  return readMessagePackTarget(bytes, span.start, bytes.length);
}

describe('the target of a call', () => {
  test('is what the protocol wrote, whatever the arguments', () => {
    const calls = fc.record({
      type: fc.constantFrom(MessageType.invocation, MessageType.streamInvocation),
      invocationId: fc.string({ minLength: 1 }),
      target: fc.string({ minLength: 1 }),
      arguments: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(calls, (call) => {
        const json = new JsonHubProtocol().write(call);
        expect(jsonTarget(json.slice(0, -1))).toBe(call.target);
        expect(jsonTarget(JSON.stringify({ arguments: call.arguments, target: call.target, type: 1 }))).toBe(call.target);
        expect(binaryTarget(Buffer.from(new MessagePackHubProtocol().write(call)))).toBe(call.target);
      }),
    );
  });

  test.each([
    ['no call', '{"type":3,"invocationId":"1","result":{"target":"x"}}', undefined],
    ['the last of two', '{"target":"a","type":1,"target":"b"}', 'b'],
    ['an escaped name', '{"type":1,"target":"\\u0041\\n"}', 'A\n'],
    ['a target that is no text', '{"type":1,"target":7}', undefined],
    ['a broken message', '{"type":1,"target"', undefined],
    ['no object', '[1]', undefined],
    ['nothing', '', undefined],
  ])('of %s', (_, text, target) => expect(jsonTarget(text)).toBe(target));

  test('of bytes that are nothing is none, and throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        readJsonTarget(buffer, 0, buffer.length);
        readMessagePackTarget(buffer, 0, buffer.length);
      }),
    );
  });
});
