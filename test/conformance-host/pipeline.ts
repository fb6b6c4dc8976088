import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasSegment, pathOf, queryOf } from './request-path.ts';

const WORKER_CLIENT_PATH = '/lib/signalr-webworker/signalr.js';
const ONE_HOUR = 3_600_000;
const LOCAL_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1):/;

/** What stands before the endpoints. The order of its steps is part of what client suites expect. */
export class Pipeline {
  readonly #workerClient = readWorkerClient();
  readonly #steps = [serveFile, allowOrigin, redirect, redirectNegotiate, setCookies, refuseNegotiate, allowLocalOrigin];
  #redirects = 0;

  /** Takes a request through the steps. Returns whether one of them answered it. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const exchange: Exchange = {
      request,
      response,
      path: pathOf(request),
      workerClient: this.#workerClient,
      nextRedirect: () => ++this.#redirects,
    };
    return this.#steps.some((step) => step(exchange));
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly workerClient: Buffer;
  readonly nextRedirect: () => number;
}

function readWorkerClient(): Buffer {
  const client = createRequire(import.meta.url).resolve('@microsoft/signalr/package.json');
  return readFileSync(join(client, '../dist/webworker/signalr.js'));
}

/** The client that the web worker test of a browser run imports. */
function serveFile({ request, response, path, workerClient }: Exchange): boolean {
  if (path !== WORKER_CLIENT_PATH || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  response.writeHead(200, { 'Content-Type': 'text/javascript', 'Content-Length': workerClient.length }).end(workerClient);
  return true;
}

/** Browser runs are served from another origin. Any OPTIONS request ends here. */
function allowOrigin({ request, response }: Exchange): boolean {
  const { origin, 'access-control-request-method': method, 'access-control-request-headers': headers } = request.headers;
  if (origin !== undefined) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    if (method !== undefined) response.setHeader('Access-Control-Allow-Methods', method);
    if (headers !== undefined) response.setHeader('Access-Control-Allow-Headers', headers);
  }
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204).end();
  return true;
}

/** An HTTP redirect to the echo endpoint, by a relative address. */
function redirect({ request, response, path }: Exchange): boolean {
  if (!hasSegment(path, '/echoredirect')) return false;
  const query = (request.url ?? '').slice(path.length);
  response.writeHead(307, { Location: path.replaceAll('echoredirect', 'echo') + query, 'Content-Length': 0 }).end();
  return true;
}

/** The redirect of the negotiation protocol: 200, with the address to negotiate at in the body. */
function redirectNegotiate({ request, response, path, nextRedirect }: Exchange): boolean {
  if (!hasSegment(path, '/redirect')) return false;
  const url = `${queryOf(request).get('baseUrl') ?? ''}/testHub?numRedirects=${nextRedirect()}`;
  response.end(`{ "url": ${JSON.stringify(url)} }`);
  return true;
}

/** Cookies that a client shall bring along from negotiation, and one that it shall not. */
function setCookies({ response, path }: Exchange): boolean {
  if (!path.includes('/negotiate')) return false;
  const anHourAgo = new Date(Date.now() - ONE_HOUR).toUTCString();
  response.setHeader('Set-Cookie', [
    'testCookie=testValue; path=/',
    'testCookie2=testValue2; path=/',
    `expiredCookie=doesntmatter; expires=${anHourAgo}; path=/`,
  ]);
  return false;
}

/** A server that can't be negotiated with, whose words the client's error shall repeat. */
function refuseNegotiate({ response, path }: Exchange): boolean {
  if (!hasSegment(path, '/bad-negotiate')) return false;
  response.writeHead(400).end('Some response from server');
  return true;
}

/** The policy of the endpoints. It admits no more than `allowOrigin` has, and says that answers differ by origin. */
function allowLocalOrigin({ request, response }: Exchange): boolean {
  if (LOCAL_ORIGIN.test(request.headers.origin ?? '')) response.setHeader('Vary', 'Origin');
  return false;
}
