import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignalboxError, type HubHandle } from 'signalbox';
import type { Tokens } from './authorization.ts';
import { pathOf, queryOf } from './request-path.ts';
import type { TestClient } from './test-hub.ts';

const TOKEN_PATH = /^\/generatejwttoken\/?$/i;
const CLIENT_RESULT_PATH = /^\/clientresult\/([^/]+)\/?$/i;

/** The plain HTTP endpoints beside the hubs. */
export class Endpoints {
  readonly #tokens: Tokens;
  readonly #hub: HubHandle<TestClient>;

  constructor(tokens: Tokens, hub: HubHandle<TestClient>) {
    this.#tokens = tokens;
    this.#hub = hub;
  }

  /** Answers a request that no hub has taken. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const connectionId = CLIENT_RESULT_PATH.exec(path)?.[1];
    if (TOKEN_PATH.test(path)) answer(request, response, () => this.#token(queryOf(request)));
    else if (connectionId !== undefined) answer(request, response, () => this.#clientResult(response, connectionId));
    else response.writeHead(404, { 'Content-Length': 0 }).end();
  }

  #token(query: URLSearchParams): Promise<string> {
    return this.#tokens.issue(query.get('user'), query.get('scope'));
  }

  async #clientResult(response: ServerResponse, encodedId: string): Promise<string> {
    const connectionId = decodeURIComponent(encodedId);
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    try {
      return String(await this.#hub.clients.client(connectionId).invoke.Result());
    } catch (error) {
      return describeFailure(error, connectionId);
    }
  }
}

/** Failures in the words that suites compare. */
function describeFailure(error: unknown, connectionId: string): string {
  if (error instanceof SignalboxError && error.code === 'SIGNALBOX_UNKNOWN_CONNECTION')
    return `Connection '${connectionId}' does not exist.`;
  return error instanceof Error ? error.message : String(error);
}

function answer(request: IncomingMessage, response: ServerResponse, body: () => Promise<string>): void {
  if (request.method !== 'GET') {
    response.writeHead(405, { Allow: 'GET', 'Content-Length': 0 }).end();
    return;
  }
  body().then(
    (text) => response.end(text),
    () => response.writeHead(400).end(),
  );
}
