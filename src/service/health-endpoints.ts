import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, type Answer } from '../base/answer.ts';

/** Answers a request for how the service is, and tells whether it was one. */
export type HealthEndpoints = (request: IncomingMessage, response: ServerResponse) => boolean;

/** What is asked about. */
export interface Questioned {
  /** Why it takes nobody in, in a sentence; undefined where it does. */
  readonly notReady: string | undefined;
}

const JSON_TYPE = 'application/json';
const LIVES: Answer = { status: 200, type: 'text/plain; charset=utf-8', body: 'ok' };
const READY: Answer = { status: 200, type: JSON_TYPE, body: '{"status":"ready"}' };

const answers: ReadonlyMap<string, (service: Questioned) => Answer> = new Map([
  ['/healthz', () => LIVES],
  ['/readyz', readiness],
  // Where the Azure SignalR Service has it, and its Management SDK looks.
  ['/api/health', readiness],
  ['/api/v1/health', readiness],
]);

/**
 * For load balancers and whoever else looks after processes; without a token, from anywhere, by GET and HEAD.
 *
 * - `/healthz`: 200 and `ok` as long as the process answers, also while it stops.
 * - `/readyz`, and as in the REST API of the Azure SignalR Service `/api/health` and `/api/v1/health`: 200 while clients and app servers are
 *   taken in; else 503, and why: `{"status":"not ready","reason":"The service stops."}`.
 */
export function healthEndpoints(service: Questioned): HealthEndpoints {
  return (request, response) => {
    const { url = '', method } = request;
    const query = url.indexOf('?');
    const said = answers.get(query === -1 ? url : url.slice(0, query));
    if (said === undefined) return false;
    if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { Allow: 'GET, HEAD', 'Content-Length': 0 }).end();
    else answer(request, response, said(service));
    return true;
  };
}

function readiness({ notReady: reason }: Questioned): Answer {
  return reason === undefined ? READY : { status: 503, type: JSON_TYPE, body: JSON.stringify({ status: 'not ready', reason }) };
}
