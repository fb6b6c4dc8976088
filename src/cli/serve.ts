import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { healthEndpoints } from '../service/health-endpoints.ts';
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
export async function serve(options: ServeOptions): Promise<RunningService> {
  const { host, port, accessKeys, trustForwardedFor } = options;
  const service = new Service({ accessKeys, trustForwardedFor });
  const handlers = [healthEndpoints(service), pageFor(options.statusPage, service)];
  const server = createServer((request, response) => {
    if (!handlers.some((handle) => handle(request, response))) response.writeHead(404, { 'Content-Length': 0 }).end();
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
      // It still answers meanwhile: that it stops, and those who come too late that they do.
      await service.close(options.stop);
      const closed = once(server, 'close');
      server.close();
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
