import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  defineHub,
  logText,
  method,
  SignalR,
  type ConnectOptions,
  type HubEndpointOptions,
  type ServiceHandle,
  type SignalROptions,
} from 'signalbox';
import { FakeClock } from 'signalbox/conformance';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { ScriptedService, type ScriptedLink } from './scripted-service.ts';

/** What the hub's methods saw, in order. */
export type Journal = string[];

/** The hub of these tests. It writes down who comes and goes. */
export function chatHub(journal: Journal = [], name = 'Chat') {
  return defineHub<{ ask(question: string): number }>()({
    name,
    results: { ask: z.number() },
    connected: ({ connectionId }) => void journal.push(`${connectionId} came`),
    disconnected: ({ connectionId }, error) => void journal.push(`${connectionId} left${error ? `: ${error.message}` : ''}`),
    methods: {
      echo: method([z.unknown()], (_, value) => value),
      whoAmI: method([], ({ user, userId, request }) => ({
        user,
        userId,
        path: request.url.pathname,
        query: request.url.searchParams.get('q'),
        address: request.remoteAddress,
        header: request.headers.get('x-own'),
        cookie: request.cookies.get('colour'),
      })),
      join: method([z.string()], ({ groups }, group) => groups.join(group)),
      leave: method([z.string()], ({ groups }, group) => groups.leave(group)),
      abort: method([], (context) => context.abort()),
      wait: method([], () => new Promise<void>(() => {})),
      tellAll: method([z.string()], async ({ clients }, text) => {
        await clients.caller.send('first', text);
        await clients.all.send('second', text);
        await clients.group('g').send('third', text);
        await clients.user('u').send('fourth', text);
        return text;
      }),
      ask: method([z.string(), z.string()], async ({ clients }, connectionId, question) =>
        clients.client(connectionId).invoke.ask(question),
      ),
    },
  });
}

export interface ConnectedHost {
  readonly service: ScriptedService;
  readonly signalr: SignalR;
  readonly handle: ServiceHandle;
  readonly hub: ReturnType<typeof chatHub>;
  readonly clock: FakeClock;
  readonly journal: Journal;
  /** Ids and texts of log events. */
  readonly logged: string[];
  /** The first server connection. */
  readonly link: ScriptedLink;
}

export interface HostTraits {
  readonly connect?: ConnectOptions;
  readonly host?: SignalROptions;
  readonly endpoint?: HubEndpointOptions;
  /** How the service is before the host dials. */
  readonly prepare?: (service: ScriptedService) => void;
  /** Whether to wait until all server connections stand. Default true. */
  readonly waits?: boolean;
}

/** A host with one hub at /chat, connected to a scripted service. Its clock stands still. */
export async function connectedHost({
  connect = {},
  host = {},
  endpoint = {},
  prepare,
  waits = true,
}: HostTraits = {}): Promise<ConnectedHost> {
  const service = await ScriptedService.start();
  prepare?.(service);
  const clock = new FakeClock();
  const journal: Journal = [];
  const logged: string[] = [];
  const hub = chatHub(journal);
  const log: NonNullable<SignalROptions['log']> = (event, fields) => void logged.push(`${event.id}: ${logText(event, fields)}`);
  const signalr = new SignalR({ clock, log, ...host }).map('/chat', hub, endpoint);
  const handle = signalr.connect(service.connectionString, connect);
  onTestFinished(async () => {
    service.close();
    const closing = signalr.close();
    clock.advance(120_000);
    await closing;
  });
  if (waits) {
    await handle.connected;
    const count = connect.initialHubServerConnectionCount ?? 5;
    await service.came(count);
    for (const link of service.links) await link.settle();
  }
  return { service, signalr, handle, hub, clock, journal, logged, link: service.links[0] as ScriptedLink };
}

/** Serves a host over HTTP, and returns its origin. */
export async function served(signalr: SignalR): Promise<string> {
  const server = createServer();
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
