import { describe } from 'vitest';
import type { InteropServer } from './servers.ts';
import { wireTest } from './wire/fixtures.ts';
import { absence } from './wire/absence.ts';
import { calls } from './wire/calls.ts';
import { differingCalls } from './wire/differing-calls.ts';
import { endings } from './wire/endings.ts';
import { handshakes } from './wire/handshakes.ts';
import { answerHeaders } from './wire/headers.ts';
import { http } from './wire/http.ts';
import { statefulReconnect } from './wire/stateful-reconnect.ts';
import { transports } from './wire/transports.ts';
import { jsonValues } from './wire/values.ts';
import { protocolViolations } from './wire/violations.ts';

/** What a server answers on the wire, where no client shows it. */
export function wireSuite(server: InteropServer): void {
  describe.concurrent('on the wire', { timeout: 20_000 }, () => {
    const test = wireTest(server);
    // First the tests that wait for time-outs: all others run meanwhile.
    absence(test, server);
    endings(test, server);
    statefulReconnect(test, server);
    protocolViolations(test, server);
    handshakes(test, server);
    http(test, server);
    answerHeaders(test, server);
    calls(test);
    differingCalls(test, server);
    jsonValues(test, server);
    transports(test, server);
  });
}
