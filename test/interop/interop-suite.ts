import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientSuite } from './client-suite.ts';
import type { InteropServer } from './servers.ts';
import { wireSuite } from './wire-suite.ts';

/** Everything that is expected of both servers: as the official client sees it, and on the wire. */
export function interopSuite(server: InteropServer): void {
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
