import type { IncomingMessage } from 'node:http';
import type { ConnectionRequest } from './connection.ts';
import { cookiesOf } from './cookies.ts';
import { featuresOf, noFeatures, type Feature, type Features } from './features.ts';
import { withoutOrigin } from './request-target.ts';

const SEPARATOR = '\n';
const HOST = /^[\w.\-:[\]]+$/;

/**
 * A request as a connection keeps it for its life: two short strings instead of Node's object, which holds on to a socket
 * and its buffers. `url`, `headers` and `cookies` are made whenever they are asked for.
 */
export class OpeningRequest implements ConnectionRequest {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly #target: string;
  readonly #secure: boolean;
  /** Names and values in turn. Neither can contain a line break. */
  readonly #fields: string;

  constructor(request: IncomingMessage) {
    this.remoteAddress = request.socket.remoteAddress;
    this.remotePort = request.socket.remotePort;
    this.#target = request.url ?? '/';
    this.#secure = 'encrypted' in request.socket;
    this.#fields = request.rawHeaders.join(SEPARATOR);
  }

  get url(): URL {
    const host = this.headers.get('host');
    const named = host !== null && HOST.test(host) ? host : 'localhost';
    const target = withoutOrigin(this.#target);
    const url = `${this.#secure ? 'https' : 'http'}://${named}${target}`;
    return new URL(URL.canParse(url) ? url : `http://localhost${target}`);
  }

  get headers(): Headers {
    const headers = new Headers();
    const fields = this.#fields === '' ? [] : this.#fields.split(SEPARATOR);
    for (let i = 0; i + 1 < fields.length; i += 2) headers.append(fields[i] ?? '', fields[i + 1] ?? '');
    return headers;
  }

  get cookies(): ReadonlyMap<string, string> {
    return cookiesOf(this.headers.get('cookie') ?? '');
  }

  get features(): Features {
    return noFeatures;
  }
}

/** The same with what a host wants kept of Node's object. Apart, so that those of other hosts have no room for it. */
class FeaturedRequest extends OpeningRequest {
  readonly #features: Features;

  constructor(request: IncomingMessage, features: Features) {
    super(request);
    this.#features = features;
  }

  override get features(): Features {
    return this.#features;
  }
}

/**
 * What a connection keeps of a request.
 *
 * @throws what a feature throws
 */
export function openingRequest(request: IncomingMessage, features: readonly Feature<unknown>[] = []): OpeningRequest {
  return features.length === 0 ? new OpeningRequest(request) : new FeaturedRequest(request, featuresOf(request, features));
}
