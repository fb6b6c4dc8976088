import { JsonHubProtocol, MessagePackHubProtocol, MessageType } from 'signalbox/protocol';
import type { HubMessage, HubProtocol } from 'signalbox/protocol';
import { expect, test } from 'vitest';
import { SharedMessage } from '../../../src/protocol/hub/shared-message.ts';

const message: HubMessage = { type: MessageType.invocation, target: 'm', arguments: ['é'] };

class Counting implements HubProtocol {
  readonly version = 2;
  readonly #inner: HubProtocol;
  writes = 0;

  constructor(inner: HubProtocol) {
    this.#inner = inner;
  }

  get name(): string {
    return this.#inner.name;
  }

  get format(): 'text' | 'binary' {
    return this.#inner.format;
  }

  parse(...parameters: Parameters<HubProtocol['parse']>): number {
    return this.#inner.parse(...parameters);
  }

  write(written: HubMessage): string | Uint8Array {
    this.writes++;
    return this.#inner.write(written);
  }
}

test('a message is encoded once in each protocol', () => {
  const protocols = [new JsonHubProtocol(), new MessagePackHubProtocol(), new MessagePackHubProtocol()].map((one) => new Counting(one));
  const shared = new SharedMessage(message);
  for (let round = 0; round < 3; round++) {
    for (const protocol of protocols) {
      expect(shared.payload(protocol).bytes).toEqual(Buffer.from(protocol.write(message) as Uint8Array));
      expect(shared.payload(protocol)).toBe(shared.payload(protocol));
    }
  }
  // Once by the shared message, and once a round above.
  expect(protocols.map(({ writes }) => writes)).toEqual([4, 4, 4]);
});

test('a value that one protocol refuses is still written in another', () => {
  const shared = new SharedMessage({ ...message, arguments: [2n ** 60n] });
  const json = new JsonHubProtocol();
  expect(() => shared.payload(json)).toThrow(TypeError);
  expect(shared.payload(new MessagePackHubProtocol()).bytes.length).toBeGreaterThan(0);
  expect(() => shared.payload(json)).toThrow(TypeError);
});
