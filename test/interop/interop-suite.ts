import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { clientSuite } from './client-suite.ts';
import type { InteropServer } from './servers.ts';
import { wireSuite } from './wire-suite.ts';

/** Everything that is expected of both servers: as the official client sees it, and on the wire. */
export function interopSuite(server: InteropServer): void {
  // Some wait for time-outs of seconds: the others shall not have to wait for those.
  vi.setConfig({ maxConcurrency: 12 });
  if (server.missing !== undefined) console.warn(`Skipped: the interop suite on ${server.name}, because ${server.missing}.`);

  describe.skipIf(server.missing !== undefined)(server.name, () => {
    beforeAll(() => server.start());
    afterAll(() => server.stop());

    wireSuite(server);
    clientSuite(server);

    test('every intended difference was met', () => {
      expect(server.unmet).toEqual([]);
    });
  });
}
