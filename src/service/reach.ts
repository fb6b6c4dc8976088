import type { Cluster } from '../cluster/cluster.ts';
import type { OwnLinks } from './own-links.ts';
import type { ServerLink } from './server-link.ts';
import type { ServiceHub } from './service-hub.ts';
import type { VerbMessage } from './verbs.ts';

/** Whom a message is for: one other node, those that have clients of the hub, or all. */
export type Reach = { readonly node: string } | 'listeners' | 'all';

/** Which other nodes have a part in what an app server of this one says. */
export class Reaches {
  readonly #cluster: Cluster;
  readonly #hub: ServiceHub;
  readonly #own: OwnLinks;

  constructor(cluster: Cluster, hub: ServiceHub, own: OwnLinks) {
    this.#cluster = cluster;
    this.#hub = hub;
    this.#own = own;
  }

  /** Undefined where it is this node's business alone. */
  of(message: VerbMessage): Reach | undefined {
    if ('connectionId' in message) return this.whereabouts(message.connectionId);
    if (message.type === 'multiConnectionData') return this.#ofConnections(message.connectionIds);
    // Users' later connections may come anywhere.
    if (message.type.startsWith('userJoin') || message.type.startsWith('userLeave')) return 'all';
    return this.#listeners();
  }

  #ofConnections(ids: readonly string[]): Reach | undefined {
    let node: string | undefined;
    for (const id of ids) {
      if (this.#hub.clients.get(id) !== undefined) continue;
      const client = this.#own.client(id);
      if (client === undefined || (node !== undefined && node !== client.node)) return this.#listeners();
      node = client.node;
    }
    return node === undefined ? undefined : { node };
  }

  /** Where a client may be; undefined: here, or nowhere. */
  whereabouts(connectionId: string): Reach | undefined {
    if (this.#hub.clients.get(connectionId) !== undefined) return undefined;
    const client = this.#own.client(connectionId);
    return client === undefined ? this.#listeners() : { node: client.node };
  }

  /** The node of a client that an app server of this node serves. */
  servedBy(connectionId: string, from: ServerLink): Reach | undefined {
    const client = this.#own.client(connectionId);
    return client?.link.traits.serverId === from.traits.serverId ? { node: client.node } : undefined;
  }

  #listeners(): Reach | undefined {
    return this.#cluster.listeners(this.#hub.name).size > 0 ? 'listeners' : undefined;
  }

  nodes(reach: Reach): Iterable<string> {
    if (reach === 'all') return this.#cluster.nodes;
    return reach === 'listeners' ? this.#cluster.listeners(this.#hub.name) : [reach.node];
  }
}
