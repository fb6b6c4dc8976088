import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Service } from '../service/service.ts';
import { statusPage, type StatusPage } from '../status-page/status-page.ts';
import { listenAdvice, urlOf } from './addresses.ts';
import { CliError, FAILED } from './cli-error.ts';
import type { ServeOptions } from './serve-options.ts';

/** A service that runs. */
export interface RunningService {
  /** Where app servers and clients find it. */
  readonly url: string;
  /** Lets clients and app servers take their leave, and resolves when nothing is left. */
  close(): Promise<void>;
}

/** Milliseconds that an answer still on its way has at the end. */
const SLOW_ANSWER = 1000;

/**
 * Starts the service on an HTTP server of its own.
 *
 * @throws CliError where its address can't be listened on
 */
export async function serve({ host, port, accessKeys, statusPage: audience, trustForwardedFor }: ServeOptions): Promise<RunningService> {
  const service = new Service({ accessKeys, trustForwardedFor });
  const page = pageFor(audience, service);
  const server = createServer((request, response) => {
    if (!page(request, response)) response.writeHead(404, { 'Content-Length': 0 }).end();
  });
  service.attach(server);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await service.close();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(FAILED, listenAdvice(code, host, port) ?? message);
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    async close() {
      const closed = once(server, 'close');
      server.close();
      await service.close();
      await drained(server, closed);
    },
  };
}

function pageFor(audience: ServeOptions['statusPage'], service: Service): StatusPage {
  if (audience === 'nobody') return () => false;
  return statusPage(() => service.status(), audience === 'everyone' ? { visibleTo: () => true } : {});
}

async function drained(server: Server, closed: Promise<unknown>): Promise<void> {
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), SLOW_ANSWER);
  await closed;
  clearTimeout(patience);
}
