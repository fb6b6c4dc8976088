import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { FakeClock } from '../../src/conformance/fake-clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { readOptions, type Given } from '../../src/base/option-table.ts';
import type { Log, LogEvent } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { ConnectionLimits } from '../../src/transport/connection-limits.ts';
import { Endpoint } from '../../src/transport/endpoint.ts';
import type { DescriptorSource } from '../../src/transport/descriptors.ts';
import { attach } from '../../src/transport/host.ts';
import { limitOptions, type LimitOptions } from '../../src/transport/limit-options.ts';
import { transportEvents } from '../../src/transport/log-events.ts';
import { connectionOptions, type EndpointOptions } from '../../src/transport/options.ts';
import type { EndpointTelemetry } from '../../src/transport/telemetry.ts';
import { echo } from './application.ts';

export interface Logged {
  readonly event: LogEvent;
  readonly error: unknown;
}

export interface Served {
  readonly server: Server;
  readonly endpoint: Endpoint;
  readonly limits: ConnectionLimits;
  readonly port: number;
  /** `http://127.0.0.1:{port}` */
  readonly origin: string;
  /** The endpoint's URL. */
  readonly hub: string;
  /** Without what is said of every connection. */
  readonly logged: readonly Logged[];
  /** The names of what was logged. */
  readonly said: () => readonly string[];
}

type EndpointHooks = Pick<EndpointOptions, 'authenticate' | 'authorize' | 'users' | 'onAuthenticationRefresh' | 'terms' | 'redirect'>;

export interface Setup {
  readonly options?: Given<typeof connectionOptions> & EndpointHooks;
  readonly opened?: (connection: Connection) => void;
  readonly clock?: FakeClock;
  /** Users count by what `authenticate` returns. */
  readonly limits?: LimitOptions;
  readonly descriptors?: DescriptorSource;
  readonly telemetry?: EndpointTelemetry;
  /** Serves what is not the endpoint's. */
  readonly listener?: RequestListener;
}

/** What is said of every connection. */
const routine: ReadonlySet<string> = new Set([transportEvents.created.id, transportEvents.removed.id]);

/** Binds to a free port, and closes when the test has finished. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

export function makeEndpoint(setup: Omit<Setup, 'listener'> = {}, logged: Logged[] = []): Endpoint {
  return makeLimited(setup, logged).endpoint;
}

/** An endpoint with limits of its own. */
function makeLimited(setup: Omit<Setup, 'listener'>, logged: Logged[]): Pick<Served, 'endpoint' | 'limits'> {
  const { options = {}, opened = echo, clock, limits: given = {}, descriptors, telemetry } = setup;
  const wheel = new TimerWheel(clock ?? systemClock);
  const log: Log = (event, _fields, error) => {
    if (!routine.has(event.id)) logged.push({ event, error });
  };
  const userId = (user: unknown): string | undefined => (typeof user === 'string' ? user : undefined);
  const limits = new ConnectionLimits(readOptions(limitOptions, [given]), { wheel, log, userId, ...(descriptors && { descriptors }) });
  const settings = { ...options, ...readOptions(connectionOptions, [options]) };
  return { limits, endpoint: new Endpoint(settings, { wheel, log, limits, opened, telemetry }) };
}

/** An endpoint at `/hub` of a server of its own. */
export async function serve(setup: Setup = {}): Promise<Served> {
  const logged: Logged[] = [];
  const { endpoint, limits } = makeLimited(setup, logged);
  const server = setup.listener ? createServer(setup.listener) : createServer();
  attach(server, (path) => (path === '/hub' ? endpoint : undefined));
  const port = await listen(server);
  const origin = `http://127.0.0.1:${port}`;
  return { server, endpoint, limits, port, origin, hub: `${origin}/hub`, logged, said: () => logged.map(({ event }) => event.id) };
}

/** Resolves when the next request to `server` has been dealt with, as far as that is done at once. */
export function requestTo(server: Server): Promise<void> {
  const channel = 'http.server.request.start';
  return new Promise((resolve) => {
    const started = (message: unknown): void => {
      if ((message as { readonly server: Server }).server !== server) return;
      unsubscribe(channel, started);
      setImmediate(resolve);
    };
    subscribe(channel, started);
  });
}
