import type { IncomingMessage, ServerResponse } from 'node:http';
import { answers, type Answer } from './answers.ts';
import { transportEvents } from './log-events.ts';
import type { AllowedOrigins, EndpointContext } from './options.ts';

const METHODS = 'GET, POST, DELETE';
/** Seconds that a browser may remember the answer to a preflight: the most that Chromium does. */
const PREFLIGHT_AGE = 7_200;

/**
 * Decides about requests by the origin of the page that sends them, which a browser tells and a page can't forge. Requests
 * that name none come from elsewhere, and go on: what they may do is not for their origin to say.
 */
export class Origins {
  readonly #context: EndpointContext;
  readonly #allowed: AllowedOrigins;

  constructor(context: EndpointContext, allowed: AllowedOrigins) {
    this.#context = context;
    this.#allowed = allowed;
  }

  /** Lets a page of an allowed origin read the answer, by headers (CORS). Returns the answer to give where the request ends here. */
  check(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    // Also where it names no origin: a cache must not hand the answer to a page that does.
    response.appendHeader('Vary', 'Origin');
    const refusal = this.refusal(request);
    const { origin } = request.headers;
    if (refusal !== undefined || origin === undefined) return refusal;
    response.setHeader('Access-Control-Allow-Origin', origin);
    // The official client asks with credentials unless it is told not to.
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    return isPreflight(request) ? preflight(request) : undefined;
  }

  /** Why a request is refused for its origin, if it is. CORS does not cover WebSockets: this is all that is done for them. */
  refusal(request: IncomingMessage): Answer | undefined {
    const { origin } = request.headers;
    if (origin === undefined) return undefined;
    try {
      return isOwn(origin, request) || this.#allows(origin) ? undefined : answers.foreignOrigin;
    } catch (error) {
      this.#context.log(transportEvents.originCheckFailed, {}, error);
      return answers.failed;
    }
  }

  #allows(origin: string): boolean {
    return typeof this.#allowed === 'function' ? this.#allowed(origin) : this.#allowed.includes(origin);
  }
}

/** Behind a proxy that ends TLS the scheme is another one, so it is the host that counts. */
function isOwn(origin: string, { headers }: IncomingMessage): boolean {
  return headers.host !== undefined && origin.slice(origin.indexOf('://') + 3).toLowerCase() === headers.host.toLowerCase();
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Any header may be sent: what they say is judged where it is read. */
function preflight({ headers }: IncomingMessage): Answer {
  const wanted = headers['access-control-request-headers'];
  return {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': METHODS,
      ...(wanted !== undefined && { 'Access-Control-Allow-Headers': wanted }),
      'Access-Control-Max-Age': PREFLIGHT_AGE,
    },
    body: '',
  };
}
