import { describe, expect } from 'vitest';
import { eventually } from '../../eventually.ts';
import type { InteropServer } from '../servers.ts';
import type { WireTest } from './fixtures.ts';
import { PolledConnection } from './polling.ts';
import { record } from './socket.ts';

const disconnectTimeout = 3_000;
const unknown = { status: 404, contentType: 'text/plain', body: 'No Connection with that ID' };

/** What becomes of clients that stay away. The time-out is one for the whole reference server, so these have a server of their own. */
export function absence(test: WireTest, server: InteropServer): void {
  describe('absence', () => {
    test('an id that no transport takes up, and one that is polled no more, are forgotten', async ({ onTestFinished }) => {
      const running = await server.another({ disconnectTimeout });
      onTestFinished(() => running.stop());
      const begun = performance.now();
      const [untaken, unpolled] = await Promise.all([
        PolledConnection.negotiate(`${running.url}/hub`),
        PolledConnection.negotiate(`${running.url}/hub`),
      ]);
      expect(await unpolled.poll()).toMatchObject({ status: 200 });
      // Neither question is a sign of life: the one is refused, and sending is not polling.
      await Promise.all([
        eventually(async () => expect(await untaken.delete()).toEqual(unknown)),
        eventually(async () => expect(await unpolled.send(record({ type: 6 }))).toEqual(unknown)),
      ]);
      expect(performance.now() - begun).toBeGreaterThan(disconnectTimeout - 100);
    });
  });
}
