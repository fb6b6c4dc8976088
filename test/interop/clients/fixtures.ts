import { encode } from '@msgpack/msgpack';
import { test as base, type TestAPI } from 'vitest';
import { framed, type ProtocolName } from '../recorded/payload.ts';
import { type RecordedHost, startRecordedHost } from '../recorded/host.ts';
import { type Answer, Requests } from '../recorded/requests.ts';
import { type Sending, StrictSocket } from './strict-socket.ts';

export interface Wanted {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

interface ClientFixtures {
  /** A server of the test's own, whose clock stands still. */
  readonly host: RecordedHost;
  /** Opens a WebSocket whose handshake is done. */
  readonly connect: (path: string, protocol?: ProtocolName, sending?: Sending) => Promise<StrictSocket>;
  /** Opens a WebSocket. */
  readonly open: (path: string, headers?: Readonly<Record<string, string>>) => Promise<StrictSocket>;
  /** Asks over a TCP connection of its own, with no header that the test does not name. */
  readonly ask: (path: string, wanted?: Wanted) => Promise<Answer>;
}

export type ClientTest = TestAPI<ClientFixtures>;

export const clientTest: ClientTest = base.extend<ClientFixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest wants a pattern here.
  host: async ({}, use) => {
    const host = await startRecordedHost();
    await use(host);
    await host.close();
  },
  open: async ({ host, onTestFinished }, use) => {
    await use(async (path, headers) => {
      const socket = await StrictSocket.open(host.url + path, headers);
      onTestFinished(() => socket.cut());
      return socket;
    });
  },
  connect: async ({ open }, use) => {
    await use(async (path, protocol = 'json', sending = {}) => {
      const socket = await open(path);
      await socket.handshake(protocol, sending);
      return socket;
    });
  },
  ask: async ({ host }, use) => {
    await use(async (path, { method = 'GET', headers = {}, body = '' } = {}) => {
      const requests = new Requests();
      try {
        return await requests.whole(host.url + path, { method, headers, body: Buffer.from(body) });
      } finally {
        requests.cut();
      }
    });
  },
});

/** How long to go on asking for what will be so, however slow the machine is. */
export const slow = { timeout: 10_000 };

/** Hub messages in MessagePack, as a client puts them into one frame or body. */
export const binary = (...messages: readonly (readonly unknown[])[]): Buffer =>
  Buffer.concat(messages.map((message) => framed(encode(message))));

/** What negotiation says. */
export async function negotiate(
  ask: ClientFixtures['ask'],
  path: string,
  headers?: Readonly<Record<string, string>>,
): Promise<{ readonly connectionId: string; readonly connectionToken: string }> {
  const answer = await ask(`${path}/negotiate?negotiateVersion=1`, { method: 'POST', ...(headers && { headers }) });
  return JSON.parse(answer.body.toString()) as { connectionId: string; connectionToken: string };
}
