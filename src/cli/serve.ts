import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Log } from '../base/log.ts';
import type { ServiceCloseOptions } from '../service/close-options.ts';
import { healthEndpoints } from '../service/health-endpoints.ts';
import { Service } from '../service/service.ts';
import { isLocalRequest } from '../status-page/local-requests.ts';
import { statusPage, type StatusPage } from '../status-page/status-page.ts';
import { listenAdvice, urlOf } from './addresses.ts';
import { CliError, FAILED } from './cli-error.ts';
import { metricsEndpoint } from './metrics-endpoint.ts';
import type { ServeOptions } from './serve-options.ts';
import { ServiceLog } from './service-log.ts';
import { LEAST_TLS, type TlsFiles } from './tls-files.ts';

/** Milliseconds that an answer still on its way has at the end. */
const SLOW_ANSWER = 1000;

/**
 * Starts the service on an HTTP server of its own.
 *
 * @throws CliError where its address can't be listened on
 */
export async function serve(options: ServeOptions): Promise<RunningService> {
  const running = new RunningService(options);
  await running.listen();
  return running;
}

/** What is shown to those that a setting names. */
type Shown = Pick<ServeOptions, 'statusPage' | 'metrics'>;

/** A service that runs. */
export class RunningService {
  readonly #options: ServeOptions;
  readonly #log: ServiceLog;
  readonly #service: Service;
  readonly #server: Server | TlsServer;
  #shown: Shown;
  #stop: ServiceCloseOptions;

  constructor(options: ServeOptions) {
    const { accessKeys, tls } = options;
    this.#options = options;
    this.#shown = options;
    this.#stop = options.stop;
    this.#log = new ServiceLog(options.log, accessKeys, (line) => void process.stderr.write(line));
    const metrics = metricsEndpoint(() => this.#shown.metrics);
    const service = new Service({ ...options.service, accessKeys, data: options.data, log: this.log, telemetry: metrics.telemetry });
    const page = statusPage(() => service.status(), {
      history: () => service.history,
      visibleTo: (request) => this.#shown.statusPage === 'everyone' || isLocalRequest(request),
    });
    this.#service = service;
    const handlers = [healthEndpoints(service), metrics.handle, this.#unlessHidden(page)];
    this.#server = serverOf(tls, (request, response) => {
      if (!handlers.some((handle) => handle(request, response))) response.writeHead(404, { 'Content-Length': 0 }).end();
    });
    service.attach(this.#server);
  }

  get log(): Log {
    return this.#log.log;
  }

  /** Where app servers and clients find it. */
  get url(): string {
    return urlOf(this.#server.address() as AddressInfo, this.#options.tls);
  }

  /** @throws CliError where its address can't be listened on */
  async listen(): Promise<void> {
    const { host, port } = this.#options;
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
    } catch (error) {
      await this.#service.close();
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CliError(FAILED, listenAdvice(code, host, port) ?? message);
    }
  }

  /** Runs on with what of other options needs no restart. Connections stay. */
  apply(options: ServeOptions): void {
    const { accessKeys, log, service, tls } = options;
    this.#shown = options;
    this.#stop = options.stop;
    this.#service.configure(service);
    this.#service.replaceAccessKeys(accessKeys);
    if (tls !== undefined && 'setSecureContext' in this.#server) this.#server.setSecureContext({ ...tls, minVersion: LEAST_TLS });
    this.#log.settings = log;
    // Those before may still be on their way into a line.
    this.#log.secrets = [...new Set([...this.#log.secrets, ...accessKeys])];
  }

  /** Lets clients and app servers take their leave, and resolves when nothing is left. */
  async close(): Promise<void> {
    // It still answers meanwhile: that it stops, and those who come too late that they do.
    await this.#service.close(this.#stop);
    const closed = once(this.#server, 'close');
    this.#server.close();
    await drained(this.#server, closed);
  }

  /** What nobody is shown is not there. */
  #unlessHidden(page: StatusPage): StatusPage {
    return (request, response) => this.#shown.statusPage !== 'nobody' && page(request, response);
  }
}

function serverOf(tls: TlsFiles | undefined, listener: RequestListener): Server | TlsServer {
  return tls === undefined ? createServer(listener) : createTlsServer({ ...tls, minVersion: LEAST_TLS }, listener);
}

async function drained(server: Server | TlsServer, closed: Promise<unknown>): Promise<void> {
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), SLOW_ANSWER);
  await closed;
  clearTimeout(patience);
}
