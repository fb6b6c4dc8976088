import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterMessageOf } from '../cluster/messages.ts';
import { ServerConnectionType } from '../protocol/service/codes.ts';
import { ServerLink, type LinkTraits, type ServerConnectionKind } from './server-link.ts';
import { isLeavingMode } from './server-pings.ts';
import type { ServiceHub } from './service-hub.ts';

interface RemoteLink {
  readonly link: ServerLink;
  /** The app server has enough for now. */
  full: boolean;
}

/** The server connections that a hub has at other nodes: links that publish to the node that has them. */
export class RemoteLinks {
  readonly #cluster: Cluster;
  readonly #hub: ServiceHub;
  readonly #nodes = new Map<string, Map<number, RemoteLink>>();

  constructor(cluster: Cluster, hub: ServiceHub) {
    this.#cluster = cluster;
    this.#hub = hub;
  }

  get(node: string, number: number): ServerLink | undefined {
    return this.#nodes.get(node)?.get(number)?.link;
  }

  /** A server connection is ready. One that is told of twice is the same. */
  linked(message: ClusterMessageOf<'linked'>): void {
    const traits = traitsOf(message);
    const { node, link: number, clients, leaving } = message;
    if (traits === undefined || this.get(node, number) !== undefined) return;
    const remote: RemoteLink = { link: this.#link(node, number, traits, () => !remote.full), full: message.full };
    const links = this.#nodes.get(node);
    if (links === undefined) this.#nodes.set(node, new Map([[number, remote]]));
    else links.set(number, remote);
    remote.link.elsewhere = clients;
    this.#hub.linked(remote.link);
    if (isLeavingMode(leaving)) this.#hub.leaving(remote.link, leaving);
  }

  unlinked({ node, link: number }: ClusterMessageOf<'unlinked'>): void {
    const link = this.get(node, number);
    if (link === undefined) return;
    this.#nodes.get(node)?.delete(number);
    this.#hub.unlinked(link);
  }

  loaded({ node, link: number, clients }: ClusterMessageOf<'loaded'>): void {
    const link = this.get(node, number);
    if (link !== undefined) link.elsewhere = Math.max(0, clients - link.clients.size);
  }

  leaving({ node, link: number, mode }: ClusterMessageOf<'leaving'>): void {
    const link = this.get(node, number);
    if (link !== undefined && isLeavingMode(mode)) this.#hub.leaving(link, mode);
  }

  flow({ node, link: number, full }: ClusterMessageOf<'flow'>): void {
    const remote = this.#nodes.get(node)?.get(number);
    if (remote === undefined) return;
    remote.full = full;
    if (!full) remote.link.drained();
  }

  /** Clients whose app server was there are closed, and may come back. */
  nodeLeft(node: string): void {
    const links = this.#nodes.get(node);
    this.#nodes.delete(node);
    for (const { link } of links?.values() ?? []) this.#hub.unlinked(link);
  }

  #link(node: string, number: number, traits: LinkTraits, takesMore: () => boolean): ServerLink {
    const { name: hub } = this.#hub;
    const write = (bytes: Buffer): boolean => {
      this.#cluster.tell(node, { kind: 'carried', hub, link: number, bytes });
      return takesMore();
    };
    const link = new ServerLink(traits, write, true);
    link.watcher = ({ connectionId }, bound) => this.#cluster.tell(node, { kind: 'bound', hub, link: number, connectionId, bound });
    return link;
  }
}

function traitsOf(message: ClusterMessageOf<'linked'>): LinkTraits | undefined {
  const { id, serverId, userAgent, connectionKind, migrates, statefulReconnect, connectedAt } = message;
  if (!isKind(connectionKind)) return undefined;
  return { id, serverId, userAgent, kind: connectionKind, migrates, statefulReconnect, connectedAt };
}

const isKind = (kind: string): kind is ServerConnectionKind => Object.hasOwn(ServerConnectionType, kind);
