import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ConnectionRequest, type ConnectOptions, SignalR } from 'signalbox';
import { Service } from '../../src/service/service.ts';
import { Gates } from './gates.ts';
import { interopHub, type InteropUser } from './hub.ts';
import { answerOutside } from './outside.ts';
import type { RunningServer } from './running-server.ts';

const ACCESS_KEY = 'the access key of the service under test';

/** A service, and the hubs of the suite as an app server of it. Clients negotiate with the app server and are sent to the service. */
export async function startAppServer(options: ConnectOptions<InteropUser> = {}): Promise<RunningServer> {
  const service = new Service({ accessKeys: [ACCESS_KEY], log: silent });
  const serviceServer = createServer();
  service.attach(serviceServer);
  const serviceUrl = await listen(serviceServer);

  const gates = new Gates();
  const hub = interopHub(gates);
  const another = (): typeof hub => interopHub(gates);
  const signalr = new SignalR({ authenticate, userId: (user: InteropUser) => user.id, log: silent })
    .map('/hub', hub)
    .map('/detailed', another(), { enableDetailedErrors: true })
    .map('/fast', another(), { handshakeTimeout: 2_000, keepAliveInterval: 1_000, clientTimeoutInterval: 3_000 })
    .map('/parallel', another(), { maximumParallelInvocationsPerClient: 2 })
    .map('/small', another(), { maximumReceiveMessageSize: 1024 })
    .map('/guarded', another(), { authorize: ({ user }) => user?.knowsPassword === true });
  const handle = signalr.connect(`Endpoint=${serviceUrl};AccessKey=${ACCESS_KEY};Version=1.0;`, {
    user: ({ id, knowsPassword }) => ({ id: id as string | undefined, knowsPassword: knowsPassword === 'true' }),
    ...options,
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
      await signalr.close();
      await service.close();
      for (const one of [server, serviceServer]) {
        one.close();
        one.closeAllConnections();
      }
      await ended;
    })();
    return stopping;
  };
  await handle.connected;
  return { url: await listen(server), ended, stop };
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The suite makes hubs and clients fail on purpose. */
const silent = (): void => {};

/** Who asks: the user that the query names, or whoever brings the right access token. */
function authenticate({ url, headers }: ConnectionRequest): InteropUser | undefined {
  const id = url.searchParams.get('user') ?? undefined;
  const knowsPassword = headers.get('authorization') === 'Bearer open sesame';
  return id === undefined && !knowsPassword ? undefined : { id, knowsPassword };
}
