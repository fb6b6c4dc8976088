import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ConnectionRequest, type HubEndpointOptions, SignalR, type SignalROptions } from 'signalbox';
import type { Gates } from './gates.ts';
import { interopHub, type InteropUser } from './hub.ts';
import { answerOutside } from './outside.ts';
import type { RunningServer } from './running-server.ts';

type InteropHub = ReturnType<typeof interopHub>;

/** A host with the hubs that official clients are tried with, wherever it runs. */
export interface InteropHost {
  readonly signalr: SignalR<InteropUser>;
  /** The hub at `/hub`. */
  readonly hub: InteropHub;
  /** Sends everybody at a path a message. */
  tellAll(path: string, text: string): Promise<void>;
}

/** @param gates - shared by the servers of a farm */
export function interopHost(gates: Gates, options: Omit<SignalROptions<InteropUser>, 'authenticate'> = {}): InteropHost {
  const endpoints: Readonly<Record<`/${string}`, HubEndpointOptions<InteropUser>>> = {
    '/hub': {},
    '/detailed': { enableDetailedErrors: true },
    '/fast': { ...fast, longPolling: { pollTimeout: 2_000 }, webSockets: { closeTimeout: 1_000 } },
    '/parallel': { maximumParallelInvocationsPerClient: 2 },
    '/small': { maximumReceiveMessageSize: 1024 },
    '/guarded': { authorize: ({ user }) => user?.knowsPassword === true },
    '/stateful': { allowStatefulReconnects: true },
  };
  const signalr = new SignalR({ authenticate, userId: (user: InteropUser) => user.id, log: silent, ...options });
  const hubs = new Map<string, InteropHub>();
  for (const path of Object.keys(endpoints) as (keyof typeof endpoints)[]) {
    const hub = interopHub(gates);
    hubs.set(path, hub);
    signalr.map(path, hub, endpoints[path]);
  }
  const hubAt = (path: string): InteropHub => hubs.get(path) as InteropHub;
  return {
    signalr,
    hub: hubAt('/hub'),
    tellAll: async (path, text) => signalr.hub(hubAt(path)).clients.all.message(text),
  };
}

/** Serves a host on a free port, and answers what is asked from outside its hubs. */
export async function serveHost({ signalr, hub }: InteropHost): Promise<RunningServer> {
  const { clients, groups } = signalr.hub(hub);
  const server = createServer((request, response) => {
    void answerOutside({ clients, groups, stop: () => void stop() }, request, response);
  });
  signalr.attach(server);
  const ended = new Promise<void>((resolve) => server.once('close', resolve));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      // The server listens until the hubs have ended: a long poll's client comes once more for its last words.
      await signalr.close();
      server.close();
      server.closeAllConnections();
      await ended;
    })();
    return stopping;
  };
  return { url: await listen(server), ended, stop };
}

/** Listens on a free port, and returns the origin. */
export async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Time-outs that a test can wait for. */
export const fast = { handshakeTimeout: 2_000, keepAliveInterval: 1_000, clientTimeoutInterval: 3_000 };

/** The suite makes hubs and clients fail on purpose. */
export const silent = (): void => {};

/** Who asks: the user that the query names, or whoever brings the right access token, in the header or in the query. */
function authenticate({ url, headers }: ConnectionRequest): InteropUser | undefined {
  const id = url.searchParams.get('user') ?? undefined;
  const token = headers.get('authorization')?.replace(/^Bearer /, '') ?? url.searchParams.get('access_token');
  const knowsPassword = token === 'open sesame';
  return id === undefined && !knowsPassword ? undefined : { id, knowsPassword };
}
