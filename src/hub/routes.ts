import { codedError } from '../base/errors.ts';
import type { Connection } from '../transport/connection.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import { pathOf } from '../transport/request-target.ts';

const NEGOTIATE = '/negotiate';
const REFRESH = '/refresh';

/** What is done with a new connection. */
export type Opener = (connection: Connection) => void;

/** The endpoints of a host by their paths, in which case and a trailing slash make no difference. */
export class Routes {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #openers = new Map<string, Opener>();

  /** The endpoint of a path that was read by `pathOf`. */
  readonly find = (path: string): Endpoint | undefined => this.#endpoints.get(path);

  /**
   * @param refreshes - whether the path gets a resource to refresh authentication at
   * @throws SignalboxError SIGNALBOX_INVALID_PATH where nothing can be mapped at the path
   */
  check(path: string, refreshes: boolean): void {
    const reason = this.#objection(path, refreshes);
    if (reason !== undefined) throw codedError('SIGNALBOX_INVALID_PATH', { path, reason });
  }

  /** @param opener - what the endpoint does with its connections */
  add(path: string, endpoint: Endpoint, opener: Opener): void {
    this.#endpoints.set(pathOf(path), endpoint);
    this.#openers.set(pathOf(path), opener);
  }

  /** @throws SignalboxError SIGNALBOX_PATH_NOT_MAPPED */
  opener(path: string): Opener {
    const opener = this.#openers.get(pathOf(path));
    if (opener === undefined) throw codedError('SIGNALBOX_PATH_NOT_MAPPED', { path });
    return opener;
  }

  /** Has no endpoint take new connections any more. */
  refuse(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.refuse();
  }

  /** Closes every endpoint. */
  async close(): Promise<void> {
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.close()));
  }

  #objection(path: string, refreshes: boolean): string | undefined {
    if (typeof path !== 'string' || !path.startsWith('/')) return "it does not begin with '/'";
    if (/[?#]/.test(path)) return 'it has a query or a fragment';
    const normal = pathOf(path);
    if (normal.endsWith(NEGOTIATE)) return `clients look for the endpoint's own ${NEGOTIATE} there`;
    if (normal.endsWith(REFRESH) && this.#endpoints.get(normal.slice(0, -REFRESH.length) || '/')?.refreshes === true) {
      return `clients of '${normal.slice(0, -REFRESH.length) || '/'}' refresh their authentication there`;
    }
    if (refreshes && this.#endpoints.has(normal === '/' ? REFRESH : normal + REFRESH)) return `its own ${REFRESH} is mapped already`;
    return this.#endpoints.has(normal) ? 'something is mapped there already' : undefined;
  }
}
