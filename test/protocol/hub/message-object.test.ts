import { HubProtocolError, MessageType, readMessageObject, writeMessageObject, type HubMessage } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';

const item = (value: unknown): object => ({ type: 2, invocationId: '1', item: value });

describe('a message as an object', () => {
  test.each<[HubMessage, object]>([
    [{ type: MessageType.ping }, { type: 6 }],
    [
      { type: MessageType.invocation, invocationId: undefined, headers: undefined, target: 'm', arguments: [1], streamIds: undefined },
      { type: 1, target: 'm', arguments: [1] },
    ],
    [
      { type: MessageType.streamItem, invocationId: '1', item: undefined },
      { type: 2, invocationId: '1', item: null },
    ],
    [
      { type: MessageType.completion, invocationId: '1', hasResult: true, result: undefined },
      { type: 3, invocationId: '1', result: null },
    ],
    [
      { type: MessageType.completion, invocationId: '1', hasResult: false, result: 5 },
      { type: 3, invocationId: '1' },
    ],
    [
      { type: MessageType.completion, invocationId: '1', hasResult: true, result: 5, error: 'no' },
      { type: 3, invocationId: '1', error: 'no' },
    ],
    [
      { type: MessageType.close, error: undefined, allowReconnect: true },
      { type: 7, allowReconnect: true },
    ],
  ])('is written without what there is not: %o', (message, object) => {
    expect(writeMessageObject(message)).toStrictEqual(object);
  });

  test('keeps its values as they are', () => {
    const value = [new Date(0), Uint8Array.of(1), new Map(), 1n];
    expect((readMessageObject(item(value)) as { item?: unknown }).item).toBe(value);
    expect(writeMessageObject({ type: MessageType.streamItem, invocationId: '1', item: value })['item']).toBe(value);
  });

  test('is skipped where nobody knows its type, and refused where it is none', () => {
    expect(readMessageObject({ type: 99 })).toBeUndefined();
    for (const value of [undefined, null, 'text', [], {}, { type: '1' }, item(undefined), { type: 1, target: 'm' }]) {
      expect(() => readMessageObject(value)).toThrow(HubProtocolError);
    }
  });

  test('is refused where it is nested too deeply, or in itself, and binary data is not searched for that', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(readMessageObject(item(nested(63)))).toBeDefined();
    for (const value of [nested(64), cyclic]) expect(() => readMessageObject(item(value))).toThrow(HubProtocolError);
    const bytes = new Uint8Array(4);
    Object.defineProperty(bytes, 'looked', {
      enumerable: true,
      get() {
        throw new Error('Somebody looked at each byte.');
      },
    });
    expect(readMessageObject(item([bytes]))).toBeDefined();
  });
});
