import { describe } from 'vitest';
import type { InteropServer } from './servers.ts';
import { wireTest } from './wire/fixtures.ts';
import { calls } from './wire/calls.ts';
import { endings } from './wire/endings.ts';
import { handshakes } from './wire/handshakes.ts';
import { http } from './wire/http.ts';
import { transports } from './wire/transports.ts';
import { protocolViolations } from './wire/violations.ts';

/** What a server answers on the wire, where no client shows it. */
export function wireSuite(server: InteropServer): void {
  describe.concurrent('on the wire', { timeout: 20_000 }, () => {
    const test = wireTest(server);
    // First the tests that wait for time-outs: all others run meanwhile.
    endings(test, server);
    protocolViolations(test, server);
    handshakes(test, server);
    http(test, server);
    calls(test, server);
    transports(test, server);
  });
}
