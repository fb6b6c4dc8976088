import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { clientSuite } from './client-suite.ts';
import type { InteropServer } from './servers.ts';
import { wireSuite } from './wire-suite.ts';

/** Everything that is expected of both servers: as the official client sees it, and on the wire. */
export function interopSuite(server: InteropServer): void {
  suite(server.name, server, () => {
    wireSuite(server);
    clientSuite(server);

    test('every intended difference was met', () => {
      expect(server.unmet).toEqual([]);
    });
  });
}

/** What the official client sees of a hub in one process, it sees of one that runs elsewhere. */
export function placeSuite(server: InteropServer): void {
  suite(`a hub behind ${server.place}`, server, () => {
    clientSuite(server);

    test('every intended difference between places was met', () => {
      expect(server.unmetHere).toEqual([]);
    });
  });
}

function suite(name: string, server: InteropServer, tests: () => void): void {
  // Some wait for time-outs of seconds: the others shall not have to wait for those.
  vi.setConfig({ maxConcurrency: 12 });
  if (server.missing !== undefined) console.warn(`Skipped: the interop suite on ${name}, because ${server.missing}.`);

  describe.skipIf(server.missing !== undefined)(name, () => {
    beforeAll(() => server.start());
    afterAll(() => server.stop());
    tests();
  });
}
