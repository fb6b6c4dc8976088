import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ConnectionRequest, SignalR } from 'signalbox';
import { Gates } from './gates.ts';
import { interopHub, type InteropUser } from './hub.ts';
import { answerOutside } from './outside.ts';
import type { LaunchOptions, RunningServer } from './running-server.ts';

/** Starts Signalbox within this process, on a free port. The counterpart of dotnet/Program.cs. */
export async function startSignalbox(options: LaunchOptions = {}): Promise<RunningServer> {
  const gates = new Gates();
  const hub = interopHub(gates);
  const another = (): typeof hub => interopHub(gates);
  const signalr = new SignalR({ authenticate, userId: (user) => user.id, log: silent, ...options })
    .map('/hub', hub)
    .map('/detailed', another(), { enableDetailedErrors: true })
    .map('/fast', another(), { ...fast, longPolling: { pollTimeout: 2_000 }, webSockets: { closeTimeout: 1_000 } })
    .map('/fast-detailed', another(), { ...fast, enableDetailedErrors: true })
    .map('/binary', another(), { supportedProtocols: ['messagepack'] })
    .map('/parallel', another(), { maximumParallelInvocationsPerClient: 2 })
    .map('/small', another(), { maximumReceiveMessageSize: 1024 })
    .map('/guarded', another(), { authorize: ({ user }) => user?.knowsPassword === true })
    .map('/stateful', another(), { allowStatefulReconnects: true })
    .map('/websockets', hub, { transports: ['webSockets'] })
    .map('/polling', hub, { transports: ['longPolling'] })
    .map('/events', hub, { transports: ['serverSentEvents'] })
    .map('/tokens-only', hub, { minimumProtocolVersion: 1 })
    .map('/tight', hub, { applicationMaxBufferSize: 1_000, maximumReadAhead: 1_000 })
    .mapConnection('/echo', async (connection) => {
      for await (const frame of connection.frames()) connection.write(frame);
    });

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
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ended, stop };
}

const fast = { handshakeTimeout: 2_000, keepAliveInterval: 1_000, clientTimeoutInterval: 3_000 };

/** The suite makes hubs and clients fail on purpose. */
const silent = (): void => {};

/** Who asks: the user that the query names, or whoever brings the right access token, in the header or in the query. */
function authenticate({ url, headers }: ConnectionRequest): InteropUser | undefined {
  const id = url.searchParams.get('user') ?? undefined;
  const token = headers.get('authorization')?.replace(/^Bearer /, '') ?? url.searchParams.get('access_token');
  const knowsPassword = token === 'open sesame';
  return id === undefined && !knowsPassword ? undefined : { id, knowsPassword };
}
