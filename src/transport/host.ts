import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { answers, respond } from './answers.ts';
import type { Endpoint, Resource } from './endpoint.ts';
import { serveAsOrdinaryRequest } from './ordinary-request.ts';
import { pathOf } from './request-target.ts';
import { Takeover } from './takeover.ts';

/** The endpoint of a path, which is given decoded, in lower case and without a trailing slash. */
export type Route = (path: string) => Endpoint | undefined;

/** What of a server's traffic to look at: `upgrades` where a listener of the user's calls `serveRequest` itself. */
export type Attachment = 'everything' | 'upgrades';

const NEGOTIATE = '/negotiate';
const REFRESH = '/refresh';

/** Serves a request if it is for one of our endpoints. For those who put something before us: call it from there. */
export function serveRequest(route: Route, request: IncomingMessage, response: ServerResponse): boolean {
  const target = targetOf(route, request);
  target?.endpoint.handle(request, response, target.resource);
  return target !== undefined;
}

/** The same for an upgrade. False, and nothing done, also where it is for us but no WebSocket handshake. */
export function serveUpgrade(route: Route, request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
  const target = targetOf(route, request);
  return target?.resource === 'connection' && target.endpoint.upgrade(request, socket, head);
}

/**
 * Puts our endpoints beside whatever else `server` serves: its listeners, those added later included, get all that is not
 * ours and nothing of what is. Where there are none, the rest is answered with 404.
 *
 * @returns detaches again
 */
export function attach(server: HttpServer | HttpsServer, route: Route, attachment: Attachment = 'everything'): () => void {
  const host = hosts.get(server) ?? new Host(server);
  hosts.set(server, host);
  host.add(route, attachment);
  return () => {
    if (host.remove(route)) hosts.delete(server);
  };
}

/** One for each server, however often something is attached to it: two that stand before each other would never meet. */
const hosts = new WeakMap<HttpServer | HttpsServer, Host>();

/** Our place before a server's other listeners. */
class Host {
  readonly #server: HttpServer | HttpsServer;
  readonly #attached: { readonly route: Route; readonly attachment: Attachment }[] = [];
  readonly #upgrades: Takeover;
  #requests: Takeover | undefined;

  constructor(server: HttpServer | HttpsServer) {
    this.#server = server;
    this.#upgrades = new Takeover(server, 'upgrade', (request, socket, head) =>
      this.#upgrade(request as IncomingMessage, socket as Duplex, head as Buffer),
    );
  }

  add(route: Route, attachment: Attachment): void {
    this.#attached.push({ route, attachment });
    if (attachment === 'upgrades') return;
    this.#requests ??= new Takeover(this.#server, 'request', (request, response) =>
      this.#request(request as IncomingMessage, response as ServerResponse),
    );
  }

  /** Whether nothing is left, and the server is as it was. */
  remove(route: Route): boolean {
    const place = this.#attached.findIndex((attached) => attached.route === route);
    if (place !== -1) this.#attached.splice(place, 1);
    if (this.#attached.length > 0) return false;
    this.#upgrades.release();
    this.#requests?.release();
    return true;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    for (const { route, attachment } of this.#attached) if (attachment === 'everything' && serveRequest(route, request, response)) return;
    if (this.#requests?.others === true) this.#requests.pass(request, response);
    else respond(response, answers.notFound);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = this.#targetOf(request);
    if (target?.resource === 'connection' && target.endpoint.upgrade(request, socket, head)) return;
    // What is ours and no WebSocket handshake is a request like any other; so is what nobody else wants to upgrade.
    if (target === undefined && this.#upgrades.others) this.#upgrades.pass(request, socket, head);
    else serveAsOrdinaryRequest(this.#server, request, socket, head);
  }

  #targetOf(request: IncomingMessage): Target | undefined {
    for (const { route } of this.#attached) {
      const target = targetOf(route, request);
      if (target !== undefined) return target;
    }
    return undefined;
  }
}

interface Target {
  readonly endpoint: Endpoint;
  readonly resource: Resource;
}

function targetOf(route: Route, request: IncomingMessage): Target | undefined {
  const path = pathOf(request.url ?? '/');
  const direct = route(path);
  if (direct !== undefined) return { endpoint: direct, resource: 'connection' };
  const negotiates = above(route, path, NEGOTIATE);
  if (negotiates !== undefined) return { endpoint: negotiates, resource: 'negotiate' };
  const refreshes = above(route, path, REFRESH);
  return refreshes?.refreshes === true ? { endpoint: refreshes, resource: 'refresh' } : undefined;
}

/** The endpoint of a path of which `path` is the resource `name`. */
function above(route: Route, path: string, name: string): Endpoint | undefined {
  return path.endsWith(name) ? route(path.slice(0, -name.length) || '/') : undefined;
}
