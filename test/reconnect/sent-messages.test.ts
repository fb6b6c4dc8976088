import { describe, expect, test } from 'vitest';
import { SharedPayload, type Payload } from '../../src/base/payload.ts';
import { SentMessages } from '../../src/reconnect/sent-messages.ts';

function filled(count: number): SentMessages {
  const messages = new SentMessages();
  for (let i = 1; i <= count; i++) messages.add(`message ${i}`);
  return messages;
}

function outgoing(messages: SentMessages): Payload[] {
  const all: Payload[] = [];
  for (let message = messages.next(); message !== undefined; message = messages.next()) all.push(message);
  return all;
}

describe('messages that were sent', () => {
  test('are numbered from 1, and go out once', () => {
    const messages = filled(3);
    expect([messages.firstId, messages.lastId, messages.bytes]).toEqual([1, 3, 27]);
    expect(outgoing(messages)).toEqual(['message 1', 'message 2', 'message 3']);
    expect(outgoing(messages)).toEqual([]);
    messages.add('message 4');
    expect(outgoing(messages)).toEqual(['message 4']);
  });

  test('go out again from the first that was not acknowledged', () => {
    const messages = filled(4);
    outgoing(messages);
    messages.acknowledge(2);
    messages.rewind();
    expect([messages.firstId, messages.lastId, messages.bytes]).toEqual([3, 4, 18]);
    expect(outgoing(messages)).toEqual(['message 3', 'message 4']);
  });

  test('do not go out any more when they were acknowledged before their turn', () => {
    const messages = filled(3);
    messages.rewind();
    messages.next();
    messages.acknowledge(2);
    expect(outgoing(messages)).toEqual(['message 3']);
  });

  test('leave their numbers behind when all are acknowledged', () => {
    const messages = filled(3);
    messages.acknowledge(3);
    expect([messages.firstId, messages.lastId, messages.bytes]).toEqual([4, 3, 0]);
    messages.add('message 4');
    messages.rewind();
    expect(outgoing(messages)).toEqual(['message 4']);
    expect(messages.firstId).toBe(4);
  });

  test('are let go of one by one over a long time', () => {
    const messages = filled(10);
    for (let i = 11; i <= 2_000; i++) {
      messages.add(`message ${i}`);
      messages.acknowledge(i - 10);
    }
    expect([messages.firstId, messages.lastId]).toEqual([1_991, 2_000]);
    messages.rewind();
    expect(outgoing(messages)).toEqual(Array.from({ length: 10 }, (_, i) => `message ${1_991 + i}`));
    messages.acknowledge(2_000);
    expect(messages.bytes).toBe(0);
  });

  test('are kept as they are, shared or not', () => {
    const messages = new SentMessages();
    const shared = new SharedPayload(Buffer.from('éé'));
    const bytes = new Uint8Array(3);
    messages.add(shared);
    messages.add(bytes);
    expect(messages.bytes).toBe(7);
    expect(messages.next()).toBe(shared);
    expect(messages.next()).toBe(bytes);
  });
});
