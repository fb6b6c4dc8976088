import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterBody, ClusterMessageOf } from '../cluster/messages.ts';
import { PingKey } from '../protocol/service/ping.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { ServerLink } from './server-link.ts';
import type { LeavingMode } from './server-pings.ts';

/** A client of another node that an app server of this one serves. */
export interface RemoteClient {
  readonly node: string;
  readonly link: ServerLink;
}

/** How the other nodes know a link. */
interface OwnLink {
  readonly number: number;
  /** The other nodes hold its clients. */
  full: boolean;
  leaving: LeavingMode | undefined;
  /** What it serves has changed since they were told. */
  changed: boolean;
}

/** The server connections that a hub has at this node, for the clients of other nodes. */
export class OwnLinks {
  readonly #cluster: Cluster;
  readonly #hub: string;
  readonly #links = new Map<ServerLink, OwnLink>();
  readonly #byNumber = new Map<number, ServerLink>();
  readonly #clients = new Map<string, RemoteClient>();
  readonly #changed: () => void;
  readonly #nextLink: () => number;

  /**
   * @param nextLink - numbers for links
   * @param changed - links serve more or fewer clients: `tellLoads` is to follow
   */
  constructor(cluster: Cluster, hub: string, nextLink: () => number, changed: () => void) {
    this.#nextLink = nextLink;
    this.#cluster = cluster;
    this.#hub = hub;
    this.#changed = changed;
  }

  add(link: ServerLink): void {
    const own: OwnLink = { number: this.#nextLink(), full: false, leaving: undefined, changed: false };
    this.#links.set(link, own);
    this.#byNumber.set(own.number, link);
    link.watcher = () => this.#change(own);
    this.#cluster.tellAll(this.#introduction(link, own));
  }

  /** The nodes of its clients close these: they hear that it is gone. */
  remove(link: ServerLink): void {
    const own = this.#links.get(link);
    if (own === undefined) return;
    this.#links.delete(link);
    this.#byNumber.delete(own.number);
    for (const [connectionId, client] of this.#clients) if (client.link === link) this.#clients.delete(connectionId);
    this.#cluster.tellAll({ kind: 'unlinked', hub: this.#hub, link: own.number });
  }

  leaving(link: ServerLink, mode: LeavingMode): void {
    const own = this.#links.get(link);
    if (own === undefined || own.leaving === mode) return;
    own.leaving = mode;
    this.#cluster.tellAll({ kind: 'leaving', hub: this.#hub, link: own.number, mode });
  }

  drained(link: ServerLink): void {
    const own = this.#links.get(link);
    if (own?.full !== true) return;
    own.full = false;
    this.#cluster.tellAll({ kind: 'flow', hub: this.#hub, link: own.number, full: false });
  }

  /** The client of another node that has an id. */
  client(connectionId: string): RemoteClient | undefined {
    return this.#clients.get(connectionId);
  }

  numberOf(link: ServerLink): number {
    return this.#links.get(link)?.number ?? 0;
  }

  /** Another node has bound a client to a link, which is returned; or has unbound it. */
  bound({ node, link: number, connectionId, bound }: ClusterMessageOf<'bound'>): ServerLink | undefined {
    const link = this.#byNumber.get(number);
    const own = link && this.#links.get(link);
    if (link === undefined || own === undefined) return undefined;
    const known = this.#clients.get(connectionId);
    if (bound) {
      if (known !== undefined) known.link.elsewhere--;
      this.#clients.set(connectionId, { node, link });
      link.elsewhere++;
    } else if (known?.link === link && known.node === node) {
      this.#clients.delete(connectionId);
      link.elsewhere--;
    }
    this.#change(own);
    return bound ? link : undefined;
  }

  /** Passes on to an app server what a client of another node has for it. */
  carry({ link: number, bytes }: ClusterMessageOf<'carried'>): void {
    const link = this.#byNumber.get(number);
    if (link === undefined || link.tell(bytes)) return;
    const own = this.#links.get(link);
    if (own === undefined || own.full) return;
    own.full = true;
    this.#cluster.tellAll({ kind: 'flow', hub: this.#hub, link: number, full: true });
  }

  /** Tells a node of all links. */
  introduce(node: string): void {
    for (const [link, own] of this.#links) this.#cluster.tell(node, this.#introduction(link, own));
  }

  tellLoads(): void {
    for (const [link, own] of this.#links) {
      if (!own.changed) continue;
      own.changed = false;
      this.#cluster.tellAll({ kind: 'loaded', hub: this.#hub, link: own.number, clients: link.load });
    }
  }

  /** The clients of a node are gone, or can't be reached: app servers are told of each, and that the instance is gone on which results are pending. */
  nodeLeft(node: string): void {
    for (const [connectionId, client] of this.#clients) {
      if (client.node !== node) continue;
      this.#clients.delete(connectionId);
      client.link.elsewhere--;
      client.link.tell(writeServiceMessage({ type: 'closeConnection', connectionId, error: 'Its node of the service is gone.' }));
    }
    const offline = writeServiceMessage({ type: 'ping', entries: [PingKey.offline, node] });
    for (const [link, own] of this.#links) {
      link.tell(offline);
      this.#change(own);
    }
  }

  #change(own: OwnLink): void {
    own.changed = true;
    this.#changed();
  }

  #introduction(link: ServerLink, { number, leaving, full }: OwnLink): ClusterBody {
    const { id, serverId, userAgent, kind, migrates, statefulReconnect, connectedAt } = link.traits;
    const traits = { id, serverId, userAgent, connectionKind: kind, migrates, statefulReconnect, connectedAt };
    return { kind: 'linked', hub: this.#hub, link: number, ...traits, clients: link.load, leaving: leaving ?? '', full };
  }
}
