import { describe, expect, test } from 'vitest';
import { Client } from './client.ts';
import { cellTest } from './fixtures.ts';
import type { InteropServer } from './servers.ts';
import { clientResults } from './suite/client-results.ts';
import { invocations } from './suite/invocations.ts';
import { lifetime } from './suite/lifetime.ts';
import { serverStop } from './suite/server-stop.ts';
import { statefulReconnect } from './suite/stateful-reconnect.ts';
import { streaming } from './suite/streams.ts';
import { targets } from './suite/targets.ts';

/** What the official JavaScript client sees of a server, over every transport and protocol that it offers. */
export function clientSuite(server: InteropServer): void {
  for (const cell of server.cells) {
    describe.concurrent(`${cell.transport}, ${cell.protocol}`, { timeout: 20_000 }, () => {
      const inCell = cellTest(server, cell);
      describe('invocations', () => invocations(inCell, cell));
      describe('targets', () => targets(inCell, server));
      describe('streams', () => streaming(inCell, cell));
      describe('client results', () => clientResults(inCell, server));
      describe('lifetime', () => lifetime(inCell, server, cell));
      describe('stateful reconnect', () => statefulReconnect(inCell, server, cell));
    });
  }

  describe.concurrent('the whole server', { timeout: 20_000 }, () => {
    serverStop(server);

    test('server-sent events carry no MessagePack', async () => {
      const client = new Client(server.url, { transport: 'ServerSentEvents', protocol: 'messagepack' });
      await expect(client.connection.start()).rejects.toThrow("'ServerSentEvents' does not support Binary");
    });
  });
}
