import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { healthEndpoints, keptAccessKey, Service, statusPage } from 'signalbox/service';
import { startChat, urlOf, type Chat } from './app.ts';
import type { ServiceSettings } from './settings.ts';

export interface ServiceWithChat {
  readonly service: RunningService;
  readonly chat: Chat;
  /** Ends the chat, and then the service. */
  readonly close: () => Promise<void>;
}

export interface RunningService {
  readonly url: string;
  readonly connectionString: string;
  /** The same, without a key that is secret elsewhere. */
  readonly shownConnectionString: string;
  close(): Promise<void>;
}

/** Ports that are tried for the chat, if the one behind the service's is taken. */
const PORTS = 16;
/** Where the key is kept, and what the service counts. */
const DATA = join(dirname(createRequire(import.meta.url).resolve('signalbox/package.json')), '.signalbox');

/**
 * Starts the service, and the chat as an app server of it.
 *
 * @throws Error of `node:net`, with its `code`, where the service's address can't be listened on
 */
export async function startWithService(settings: ServiceSettings): Promise<ServiceWithChat> {
  const service = await startService(settings);
  try {
    const chat = await startChatBehind(settings, service.connectionString);
    const close = async (): Promise<void> => {
      await chat.close();
      await service.close();
    };
    return { service, chat, close };
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** All that it takes to run the service in a process of one's own. */
async function startService({ host, port, accessKeys }: ServiceSettings): Promise<RunningService> {
  const [key = (await keptAccessKey(DATA)).key, ...others] = accessKeys;
  const service = new Service({ accessKeys: [key, ...others], data: DATA });
  const pages = [healthEndpoints(service), statusPage(() => service.status(), { history: () => service.history })];
  const server = createServer((request, response) => {
    if (!pages.some((serve) => serve(request, response))) response.writeHead(404).end();
  });
  service.attach(server);
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const url = address.address === '127.0.0.1' ? `http://localhost:${address.port}` : urlOf(address);
  const withKey = (shown: string): string => `Endpoint=${url};AccessKey=${shown};Version=1.0;`;
  return {
    url,
    connectionString: withKey(key),
    shownConnectionString: withKey(accessKeys.length === 0 ? key : '…'),
    async close() {
      await service.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function startChatBehind({ host, port }: ServiceSettings, connectionString: string): Promise<Chat> {
  for (let behind = 1; ; behind++) {
    try {
      return await startChat({ host, port: port === 0 ? 0 : port + behind, connectionString });
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || behind === PORTS || port + behind === 65_535) throw error;
    }
  }
}
