import { createServer } from 'node:http';
import { Service } from '../../src/service/service.ts';
import { CuttableLink } from './cuttable-link.ts';
import { Gates } from './gates.ts';
import type { InteropUser } from './hub.ts';
import { interopHost, listen, serveHost, silent } from './interop-host.ts';
import type { RunningServer } from './running-server.ts';

const ACCESS_KEY = 'the access key of the service under test';

/** A service, and two app servers of it. Clients negotiate with an app server, which sends them to the service, and are served by that one. */
export async function startBehindService(): Promise<RunningServer> {
  const service = new Service({ accessKeys: [ACCESS_KEY], log: silent });
  const serviceServer = createServer();
  service.attach(serviceServer);
  const serviceUrl = await listen(serviceServer);
  const gates = new Gates();
  const [first, second] = await Promise.all([startAppServer(serviceUrl, gates), startAppServer(serviceUrl, gates)]);
  return {
    ...first,
    others: [second.url],
    async stop() {
      await Promise.all([first.stop(), second.stop()]);
      await service.close();
      serviceServer.close();
      serviceServer.closeAllConnections();
    },
    cuttable: async () => {
      // What is to be cut is the way to the service, to which a third app server sends its clients.
      const link = await CuttableLink.open(serviceUrl);
      const third = await startAppServer(serviceUrl, gates, link.url);
      const close = async (): Promise<void> => {
        link.close();
        await third.stop();
      };
      return { link, origin: third.url, close };
    },
  };
}

/** @param clientUrl - where clients reach the service */
async function startAppServer(serviceUrl: string, gates: Gates, clientUrl = serviceUrl): Promise<RunningServer> {
  const host = interopHost(gates);
  const endpoint = `Endpoint=${serviceUrl};ClientEndpoint=${clientUrl}`;
  const handle = host.signalr.connect(`${endpoint};AccessKey=${ACCESS_KEY};Version=1.0;`, {
    user: ({ id, knowsPassword }): InteropUser => ({ id: id as string | undefined, knowsPassword: knowsPassword === 'true' }),
    serverStickyMode: 'preferred',
    initialHubServerConnectionCount: 2,
  });
  const running = await serveHost(host);
  await handle.connected;
  return running;
}
