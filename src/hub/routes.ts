import { codedError } from '../base/errors.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import { pathOf } from '../transport/request-target.ts';

const NEGOTIATE = '/negotiate';

/** The endpoints of a host by their paths, in which case and a trailing slash make no difference. */
export class Routes {
  readonly #endpoints = new Map<string, Endpoint>();

  /** The endpoint of a path that was read by `pathOf`. */
  readonly find = (path: string): Endpoint | undefined => this.#endpoints.get(path);

  /** @throws SignalboxError SIGNALBOX_INVALID_PATH where nothing can be mapped at the path */
  check(path: string): void {
    const reason = this.#objection(path);
    if (reason !== undefined) throw codedError('SIGNALBOX_INVALID_PATH', { path, reason });
  }

  add(path: string, endpoint: Endpoint): void {
    this.#endpoints.set(pathOf(path), endpoint);
  }

  /** How many connections all endpoints have. */
  get connections(): number {
    let connections = 0;
    for (const endpoint of this.#endpoints.values()) connections += endpoint.connections;
    return connections;
  }

  /** Closes every endpoint. */
  async close(): Promise<void> {
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.close()));
  }

  #objection(path: string): string | undefined {
    if (typeof path !== 'string' || !path.startsWith('/')) return "it does not begin with '/'";
    if (/[?#]/.test(path)) return 'it has a query or a fragment';
    const normal = pathOf(path);
    if (normal.endsWith(NEGOTIATE)) return `clients look for the endpoint's own ${NEGOTIATE} there`;
    return this.#endpoints.has(normal) ? 'something is mapped there already' : undefined;
  }
}
