import { Registry } from '../backplane/registry.ts';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import type { Meter } from '../metering/meter.ts';
import type { HubNames } from '../metering/name-counts.ts';
import type { ClientHost } from './client-host.ts';
import { ClientResults } from './client-results.ts';
import type { ClientIdentity } from './client-identity.ts';
import { limitsOf, type HubLimits } from './hub-limits.ts';
import { serviceEvents } from './log-events.ts';
import type { MessageBucket } from './message-bucket.ts';
import { MessageLimits } from './message-limits.ts';
import type { ServiceSettings } from './options.ts';
import type { NodesOf, OtherNodes } from './other-nodes.ts';
import { ServerDemand } from './server-demand.ts';
import type { ServerLink } from './server-link.ts';
import { ServerLinks } from './server-links.ts';
import type { ServiceClient } from './service-client.ts';
import type { LeavingMode } from './server-pings.ts';
import { UserGroups } from './user-groups.ts';

/** What the hubs of one node share. */
export interface HubSurroundings {
  /** Of this node. */
  readonly instanceId: string;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly meter: Meter;
  /** Of all clients' messages; left out where these are not limited. */
  readonly messageBucket?: MessageBucket | undefined;
  /** Told when nobody is left in a hub. */
  readonly deserted?: ((hub: ServiceHub) => void) | undefined;
  /** Left out where this node is alone. */
  readonly nodesOf?: NodesOf<ServiceHub> | undefined;
}

/** One hub of one application: its clients on this node, its app servers, and nothing of any other hub. */
export class ServiceHub implements ClientHost<ServiceClient> {
  readonly name: string;
  readonly clients = new Registry<ServiceClient>();
  readonly links = new ServerLinks();
  readonly userGroups: UserGroups;
  readonly results: ClientResults;
  readonly meter: HubMeter;
  readonly #limits: HubLimits;
  /** Undefined where nothing of what clients send is limited. */
  readonly messageLimits: MessageLimits | undefined;
  /** Undefined without a bus. */
  readonly nodes: OtherNodes | undefined;
  /** Clients, those included that are about to join. */
  #guests = 0;
  readonly #surroundings: HubSurroundings;
  readonly #demand: ServerDemand;

  constructor(name: string, surroundings: HubSurroundings) {
    const { wheel } = surroundings;
    const now = (): number => wheel.now();
    this.name = name;
    this.#surroundings = surroundings;
    this.meter = surroundings.meter.hub(name);
    this.#limits = limitsOf(surroundings.settings.limits, name);
    this.messageLimits = MessageLimits.of(this.#limits, surroundings.messageBucket, wheel);
    this.userGroups = new UserGroups(() => this.settings.maximumUserGroups, now);
    this.results = new ClientResults(this);
    this.#demand = new ServerDemand(this);
    this.nodes = surroundings.nodesOf?.(this);
  }

  /** Groups that one of its connections can be in. */
  get maximumGroups(): number {
    return Math.min(this.settings.maximumGroupsPerConnection, this.#limits.groupsPerConnection);
  }

  /** Bytes that may wait for one of its clients. */
  get maximumQueuedBytes(): number {
    return this.#limits.queuedBytes;
  }

  /** Undefined where nothing is counted by name. */
  get names(): HubNames | undefined {
    return this.meter.names;
  }

  get instanceId(): string {
    return this.#surroundings.instanceId;
  }

  get settings(): ServiceSettings {
    return this.#surroundings.settings;
  }

  get wheel(): TimerWheel {
    return this.#surroundings.wheel;
  }

  get log(): Log {
    return this.#surroundings.log;
  }

  /** What is left of it: nothing, what goes by itself, or what stays. */
  get remains(): 'nothing' | 'passing' | 'something' {
    const { userGroups, results, nodes, messageLimits } = this;
    if (this.#guests > 0 || this.links.size > 0 || (nodes?.clients ?? 0) > 0) return 'something';
    const left = userGroups.longest;
    if (left === Number.POSITIVE_INFINITY) return 'something';
    const isPassing = left > 0 || results.size > 0 || nodes?.busy === true || (messageLimits?.users ?? 0) > 0;
    return isPassing ? 'passing' : 'nothing';
  }

  /** Something that kept it may be gone. */
  look(): void {
    if (this.#guests === 0 && this.links.size === 0) this.#surroundings.deserted?.(this);
  }

  came(): void {
    this.#guests++;
  }

  choose({ server }: ClientIdentity, stateful: boolean): ServerLink | undefined {
    const link = this.links.choose(server, stateful);
    if (link === undefined) this.log(serviceEvents.noServer, { hub: this.name });
    return link;
  }

  entered(client: ServiceClient, link: ServerLink): void {
    link.bind(client);
    this.clients.add(client);
    if (client.userId !== undefined) {
      for (const group of this.userGroups.of(client.userId)) this.clients.join(client.connectionId, group);
    }
    this.loaded(link);
    this.nodes?.counted();
  }

  /** A client, of any node, was bound to a link. */
  loaded(link: ServerLink): void {
    // For those of other nodes, these ask.
    if (!link.remote) this.#demand.loaded(link);
  }

  another({ identity, link, stateful }: ServiceClient): ServerLink | undefined {
    if (link === undefined || identity.server?.required === true) return undefined;
    return this.links.chooseOther(link.traits.serverId, stateful);
  }

  moved(client: ServiceClient, link: ServerLink): void {
    this.results.clientMoved(client.connectionId, link);
    this.loaded(link);
  }

  owes({ connectionId, link }: ServiceClient): boolean {
    return link !== undefined && this.results.owed(connectionId, link.traits.serverId);
  }

  answering({ connectionId }: ServiceClient, invocationId: string): void {
    this.results.answering(connectionId, invocationId);
  }

  left(client: ServiceClient): void {
    this.#guests--;
    this.clients.remove(client);
    this.results.clientLeft(client.connectionId);
    this.nodes?.counted();
    this.look();
  }

  /** An app server's connection, to whichever node, is ready. */
  linked(link: ServerLink): void {
    this.links.add(link);
    this.#demand.linked(link);
    if (!link.remote) this.nodes?.linked(link);
    for (const other of this.links) other.retry();
  }

  /** An app server says on one of its connections that it is about to leave. */
  leaving(link: ServerLink, mode: LeavingMode): void {
    link.leaving = true;
    if (!link.remote) this.nodes?.leaving(link, mode);
    if (mode === 'migrateClients' && link.traits.migrates) link.migrate();
  }

  /** An app server's connection is gone, and its clients with it. */
  unlinked(link: ServerLink): void {
    const last = this.links.remove(link);
    if (!link.remote) this.nodes?.unlinked(link);
    link.lost();
    if (last) {
      this.results.serverLeft(link.traits.serverId);
      this.#demand.left(link.traits.serverId);
    }
    this.look();
  }

  /** Nothing is left of it, and it is made anew for whoever comes. */
  giveUp(): void {
    this.results.close();
    this.nodes?.close();
  }

  /** Ends so many clients, each of which may come back. Returns how many there were. */
  dismiss(most: number): number {
    let dismissed = 0;
    for (const client of this.clients.members) {
      if (dismissed >= most) break;
      client.end(undefined, true, 'ServiceReload');
      dismissed++;
    }
    return dismissed;
  }

  /** It has no clients any more: nobody answers what is still asked. */
  close(): void {
    this.results.close();
  }
}
