import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from './health.ts';

/** Where the checks are answered. */
export interface HealthCheckPaths {
  /** Whether the process works: 503 says that only a new one would help. Default `/healthz`. */
  readonly live?: string;
  /** Whether it should get new clients. Default `/readyz`. */
  readonly ready?: string;
}

/** What is checked: a `SignalR`. */
interface Checked {
  health(): Health;
}

/**
 * Answers health checks with 200 or 503 and the health as JSON, and hands everything else on, or answers it with 404 where there is
 * nobody to hand it to. A listener of `node:http` and a handler of express alike: `createServer(healthChecks(signalr))`,
 * `app.use(healthChecks(signalr))`.
 */
export function healthChecks(
  host: Checked,
  { live = '/healthz', ready = '/readyz' }: HealthCheckPaths = {},
): (request: IncomingMessage, response: ServerResponse, next?: () => void) => void {
  return (request, response, next) => {
    const path = request.url?.split('?', 1)[0];
    const asks = request.method === 'GET' || request.method === 'HEAD';
    if (asks && path === live) answer(response, host.health(), ({ status }) => status !== 'unhealthy');
    else if (asks && path === ready) answer(response, host.health(), ({ status }) => status === 'healthy');
    else if (next !== undefined) next();
    else response.writeHead(404, { 'Content-Length': 0 }).end();
  };
}

function answer(response: ServerResponse, health: Health, passes: (health: Health) => boolean): void {
  const body = JSON.stringify(health);
  response.writeHead(passes(health) ? 200 : 503, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
