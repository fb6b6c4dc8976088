import type { CloseCategory } from '../metering/close-category.ts';
import type { StickyServer } from './client-identity.ts';
import type { ServerLink } from './server-link.ts';

/** What a client hears for which there is none. */
export const NO_SERVER = 'No app server is connected for this hub. Try again later.';

/** Why there is none: those of its hub are gone, or the one that it has to have. */
export const noServerCategory = (server: StickyServer | undefined): CloseCategory =>
  server?.required === true ? 'ServerConnectionNotFound' : 'NoAvailableServerConnection';

/** The server connections of one hub, and the choice among them. */
export class ServerLinks {
  readonly #links = new Set<ServerLink>();
  /** Those of each app server. */
  readonly #servers = new Map<string, Set<ServerLink>>();

  get size(): number {
    return this.#links.size;
  }

  /** Ids of the app servers that are connected, in a stable order. */
  get serverIds(): readonly string[] {
    return [...this.#servers.keys()].toSorted();
  }

  [Symbol.iterator](): Iterator<ServerLink> {
    return this.#links.values();
  }

  ofServer(id: string): ReadonlySet<ServerLink> | undefined {
    return this.#servers.get(id);
  }

  add(link: ServerLink): void {
    this.#links.add(link);
    const { serverId } = link.traits;
    const links = this.#servers.get(serverId);
    if (links === undefined) this.#servers.set(serverId, new Set([link]));
    else links.add(link);
  }

  /** Returns whether it was the last one of its app server. */
  remove(link: ServerLink): boolean {
    this.#links.delete(link);
    const { serverId } = link.traits;
    const links = this.#servers.get(serverId);
    links?.delete(link);
    if (links === undefined || links.size > 0) return false;
    return this.#servers.delete(serverId);
  }

  /** Any connection by which an app server can be told something. */
  anyOf(serverId: string): ServerLink | undefined {
    const links = this.#servers.get(serverId);
    if (links === undefined) return undefined;
    let first: ServerLink | undefined;
    for (const link of links) {
      if (!link.leaving) return link;
      first ??= link;
    }
    return first;
  }

  /**
   * The least loaded connection for a client: of the app server that it sticks to, where that is there, or of any.
   *
   * @param stateful - whether it has to allow that the client comes back by another socket
   */
  choose(sticky: StickyServer | undefined, stateful = false): ServerLink | undefined {
    const preferred = sticky && this.#leastLoaded(this.#servers.get(sticky.id), stateful);
    if (preferred !== undefined || sticky?.required === true) return preferred;
    return this.#leastLoaded(this.#links, stateful);
  }

  /**
   * Whether a client may come back by another socket: some of the connections allow it, and it is to be bound to one of those. That does not
   * take it away from an app server that it sticks to.
   */
  allowReconnect(sticky: StickyServer | undefined): boolean {
    const preferred = sticky && this.#servers.get(sticky.id);
    if (this.#leastLoaded(preferred, false) === undefined) return this.choose(sticky, true) !== undefined;
    return this.#leastLoaded(preferred, true) !== undefined;
  }

  /**
   * The least loaded connection of another app server, for a client that has to move.
   *
   * @param stateful - as with `choose`
   */
  chooseOther(serverId: string, stateful = false): ServerLink | undefined {
    const others = [...this.#links].filter(({ traits }) => traits.serverId !== serverId);
    return this.#leastLoaded(others, stateful);
  }

  #leastLoaded(links: Iterable<ServerLink> | undefined, stateful: boolean): ServerLink | undefined {
    let least: ServerLink | undefined;
    for (const link of links ?? []) {
      if (!link.available || (stateful && !link.traits.statefulReconnect)) continue;
      if (least === undefined || this.#isBetter(link, least)) least = link;
    }
    return least;
  }

  /** Of those with equally many clients one of this node; of these one whose app server has fewer; and of these the first. */
  #isBetter(link: ServerLink, than: ServerLink): boolean {
    if (link.load !== than.load) return link.load < than.load;
    if (link.remote !== than.remote) return than.remote;
    return this.#loadOf(link) < this.#loadOf(than);
  }

  /** Clients of an app server. */
  #loadOf({ traits: { serverId } }: ServerLink): number {
    let load = 0;
    for (const link of this.#servers.get(serverId) ?? []) load += link.load;
    return load;
  }
}
