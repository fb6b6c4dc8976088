import { describe, expect, test } from 'vitest';
import type { HubProtocol } from '../../../src/protocol/hub/hub-protocol.ts';
import { EncodedMessage } from '../../../src/protocol/hub/encoded-message.ts';
import { JsonHubProtocol } from '../../../src/protocol/hub/json.ts';
import type { HubMessage } from '../../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../../src/protocol/hub/messagepack.ts';

const json = new JsonHubProtocol();
const messagepack = new MessagePackHubProtocol();
const both = [json, messagepack];

const invocation = (target: string): HubMessage => ({ type: 1, target, arguments: ['x', 1, [null, { a: true }]] });
const written = (protocol: HubProtocol, ...messages: readonly HubMessage[]): Buffer =>
  Buffer.concat(messages.map((message) => Buffer.from(protocol.write(message) as Uint8Array)));

describe('an encoded message', () => {
  test('gives the bytes that it has, as they are, in one payload', () => {
    const bytes = Buffer.from('not even JSON');
    const message = new EncodedMessage(new Map([['json', bytes]]), both);
    expect(message.payload(json)?.bytes).toBe(bytes);
    expect(message.payload(json)).toBe(message.payload(new JsonHubProtocol()));
  });

  test.each([
    [json, messagepack],
    [messagepack, json],
  ])('is translated once from $name', (from, to) => {
    const messages = [invocation('a'), invocation('b')];
    const message = new EncodedMessage(new Map([[from.name, written(from, ...messages)]]), both);
    expect(message.payload(to)?.bytes).toEqual(written(to, ...messages));
    expect(message.payload(to)).toBe(message.payload(to));
  });

  test.each([
    ['of an unknown protocol', 'other', Buffer.from('x')],
    ['that are cut short', 'json', Buffer.from('{"type":1,"target":"a","arguments":[]}')],
    ['that hold nothing', 'json', Buffer.alloc(0)],
    ['that break the protocol', 'json', Buffer.from('{"type":1}\u001e')],
    ['whose arguments are broken', 'messagepack', Buffer.from('089601 80c0 a161 c190'.replaceAll(' ', ''), 'hex')],
  ])('has no payload in a protocol that bytes %s would have to be translated to', (_, name, bytes) => {
    const target = name === 'json' ? messagepack : json;
    expect(new EncodedMessage(new Map([[name, bytes]]), both).payload(target)).toBeUndefined();
  });

  test('has none where a value can not be said in the other protocol', () => {
    const wide = new MessagePackHubProtocol({ int64: 'bigint' });
    const message = new EncodedMessage(new Map([['messagepack', written(wide, { type: 1, target: 'a', arguments: [2n ** 60n] })]]), [
      json,
      wide,
    ]);
    expect(message.payload(json)).toBeUndefined();
  });
});
