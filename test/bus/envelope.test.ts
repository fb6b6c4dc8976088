import { describe, expect, test } from 'vitest';
import { readBusMessage, writeBusMessage, type BusMessage } from '../../src/bus/envelope.ts';

const forms = new Map([
  ['json', Buffer.from('{"type":1}\u001e')],
  ['messagepack', Buffer.of(2, 0x91, 6)],
]);

const messages: readonly BusMessage[] = [
  { kind: 'message', audience: { to: 'all', except: ['a', 'b'] }, forms },
  { kind: 'message', audience: { to: 'groups', names: ['g', '🚂'], except: [] }, forms },
  { kind: 'message', audience: { to: 'users', ids: ['u'] }, forms },
  { kind: 'message', audience: { to: 'connections', ids: ['x'.repeat(1_000)] }, forms: new Map() },
  { kind: 'question', id: 'q', server: 's', connectionId: 'c', forms },
  { kind: 'answer', id: 'q', protocol: 'json', record: Buffer.from('{}') },
  { kind: 'change', id: 'q', server: 's', connectionId: 'c', group: '', joins: true },
  { kind: 'done', id: 'q' },
  { kind: 'left', id: 'q' },
  { kind: 'look', number: 70_000, server: 's', connectionIds: ['c', 'd'] },
  { kind: 'found', number: 1, server: 's', connectionIds: [] },
  { kind: 'here', server: 's', asks: false },
  { kind: 'gone', server: 's' },
];

describe('what servers say to each other', () => {
  test.each(messages)('is read as it was written: $kind', (message) => {
    expect(readBusMessage(writeBusMessage(message))).toEqual(message);
  });

  test.each(messages)('is nothing where it is cut, and never throws: $kind', (message) => {
    const bytes = writeBusMessage(message);
    for (let length = 0; length < bytes.length; length++) expect(readBusMessage(bytes.subarray(0, length))).toBeUndefined();
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0x00, 0x90, 0xc0, 0xc1, 0xdd, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        expect(() => readBusMessage(changed)).not.toThrow();
      }
    }
  });

  test('has these bytes', () => {
    const bytes = writeBusMessage({ kind: 'message', audience: { to: 'all' }, forms: new Map([['json', Buffer.of(1, 2)]]) });
    // [1, 1, ['all', [], []], { json: <01 02> }]
    expect(bytes.toString('hex')).toBe('94010193a3616c6c909081a46a736f6ec4020102');
  });

  test('of another version, or another kind, is nothing', () => {
    const bytes = writeBusMessage({ kind: 'done', id: 'q' });
    for (const [at, value] of [
      [1, 2],
      [2, 99],
    ] as const) {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      expect(readBusMessage(changed)).toBeUndefined();
    }
  });

  test('may have more fields in the same version', () => {
    const bytes = writeBusMessage({ kind: 'done', id: 'q' });
    const longer = Buffer.concat([bytes, Buffer.of(0xc3)]);
    longer[0] = 0x94;
    expect(readBusMessage(longer)).toEqual({ kind: 'done', id: 'q' });
  });
});
