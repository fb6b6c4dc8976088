import type { Cluster, HubBody } from '../cluster/cluster.ts';
import type { ClusterBody, ClusterMessageOf } from '../cluster/messages.ts';
import { Timer } from '../base/timer-wheel.ts';
import { parseServiceMessages } from '../protocol/service/reader.ts';
import type { ServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import { serveHere } from './app-server-requests.ts';
import { answerOf, gathered, isAcked, outcomeOf, settles, type AckedMessage } from './gathering.ts';
import type { OtherNodes } from './other-nodes.ts';
import { NOT_FOUND, OK, writeAck, type Outcome } from './outcome.ts';
import { OwnLinks } from './own-links.ts';
import { Reaches, type Reach } from './reach.ts';
import { RemoteLinks } from './remote-links.ts';
import type { ServerLink } from './server-link.ts';
import type { LeavingMode } from './server-pings.ts';
import type { ServiceHub } from './service-hub.ts';
import { isVerb, type VerbMessage } from './verbs.ts';

/** Milliseconds in which changes of counts are gathered before the others are told. */
const NEWS = 100;

/**
 * One hub of this node among the other nodes. What an app server says is passed to them as it is, in the order in which it came, and is done there by
 * the same code as here; server connections of other nodes are links whose writer publishes.
 */
export class HubNodes implements OtherNodes {
  readonly #cluster: Cluster;
  readonly #hub: ServiceHub;
  readonly #own: OwnLinks;
  readonly #remote: RemoteLinks;
  readonly #reaches: Reaches;
  /** Clients of the hub, by node. */
  readonly #census = new Map<string, number>();
  readonly #news = new Timer(() => this.#tellNews());
  #counted = 0;
  /** Until clients may be let in. */
  #preparing: Promise<void> | undefined;
  #found: (() => void) | undefined;

  /** @param nextLink - numbers for server connections, which are never used again */
  constructor(cluster: Cluster, hub: ServiceHub, nextLink: () => number) {
    this.#cluster = cluster;
    this.#hub = hub;
    this.#own = new OwnLinks(cluster, hub.name, nextLink, () => this.counted());
    this.#remote = new RemoteLinks(cluster, hub);
    this.#reaches = new Reaches(cluster, hub, this.#own);
  }

  // OtherNodes

  get clients(): number {
    return [...this.#census.values()].reduce((sum, clients) => sum + clients, 0);
  }

  get busy(): boolean {
    return this.#news.armed || this.#preparing !== undefined;
  }

  listen(): Promise<void> | undefined {
    const heard = this.#cluster.listen(this.#hub.name);
    if (heard === undefined && (this.#hub.links.size > 0 || this.#cluster.nodes.size === 0)) return undefined;
    this.#preparing ??= this.#prepare(heard);
    return this.#preparing;
  }

  close(): void {
    this.#hub.wheel.cancel(this.#news);
    this.#cluster.forget(this.#hub.name);
  }

  counted(): void {
    if (!this.#news.armed) this.#hub.wheel.arm(this.#news, NEWS);
  }

  linked(link: ServerLink): void {
    this.#own.add(link);
  }

  unlinked(link: ServerLink): void {
    this.#own.remove(link);
  }

  leaving(link: ServerLink, mode: LeavingMode): void {
    this.#own.leaving(link, mode);
  }

  drained(link: ServerLink): void {
    this.#own.drained(link);
  }

  take(message: ServiceMessage, from: ServerLink): boolean {
    if (this.#cluster.nodes.size === 0) return false;
    if (isVerb(message)) return this.#takeVerb(message, from);
    if (message.type === 'connectionData') return this.#pass(message, from, this.#reaches.servedBy(message.connectionId, from));
    if (message.type === 'closeConnection') return this.#close(message, from);
    if (message.type === 'clientInvocation') return this.#askClient(message, from);
    if (message.type !== 'clientCompletion' && message.type !== 'errorCompletion') return false;
    return !this.#hub.results.has(message.invocationId) && this.#pass(message, from, this.#reaches.whereabouts(message.connectionId));
  }

  // Of other nodes

  received(message: HubBody): void {
    switch (message.kind) {
      case 'linked':
        this.#remote.linked(message);
        return this.#found?.();
      case 'unlinked':
        return this.#remote.unlinked(message);
      case 'loaded':
        return this.#remote.loaded(message);
      case 'leaving':
        return this.#remote.leaving(message);
      case 'flow':
        return this.#remote.flow(message);
      case 'bound':
        return this.#bound(message);
      case 'carried':
        return this.#own.carry(message);
      case 'said':
        return this.#serve(message);
      case 'census':
        return void this.#census.set(message.node, message.clients);
      case 'userGroup':
        return void this.#hub.userGroups.add(
          message.user,
          message.group,
          message.left === 0 ? Number.POSITIVE_INFINITY : message.left / 1_000,
        );
      case 'listening':
      case 'notListening':
        return undefined;
    }
  }

  /** Tells a node all that it has to know of this hub here. */
  introduce(node: string): void {
    const { name: hub, clients, userGroups } = this.#hub;
    this.#own.introduce(node);
    this.#cluster.tell(node, { kind: 'census', hub, clients: clients.size });
    for (const [user, group, left] of userGroups.entries()) {
      this.#cluster.tell(node, { kind: 'userGroup', hub, user, group, left: left === Number.POSITIVE_INFINITY ? 0 : Math.ceil(left) });
    }
  }

  nodeLeft(node: string): void {
    this.#census.delete(node);
    this.#own.nodeLeft(node);
    this.#remote.nodeLeft(node);
  }

  /** An app server that has just come to another node may be known here in a moment. */
  async #prepare(heard: Promise<void> | undefined): Promise<void> {
    await heard;
    const { links, wheel, settings } = this.#hub;
    if (links.size === 0) {
      await new Promise<void>((resolve) => {
        this.#found = resolve;
        wheel.arm(new Timer(resolve), settings.nodes.joinTime);
      });
    }
    this.#found = undefined;
    this.#preparing = undefined;
  }

  #takeVerb(message: VerbMessage, from: ServerLink): boolean {
    const reach = this.#reaches.of(message);
    if (reach === undefined) return false;
    if (isAcked(message)) this.#gather(message, from, reach);
    else {
      serveHere(message, this.#hub, from);
      this.#say(message, from, reach, 0);
    }
    return true;
  }

  /** Returns whether there is whom to pass it to. */
  #pass(message: ServiceMessage, from: ServerLink, reach: Reach | undefined): boolean {
    if (reach !== undefined) this.#say(message, from, reach, 0);
    return reach !== undefined;
  }

  #close(message: ServiceMessageOf<'closeConnection'>, from: ServerLink): boolean {
    const { connectionId } = message;
    return this.#pass(
      message,
      from,
      from.traits.kind === 'weak' ? this.#reaches.whereabouts(connectionId) : this.#reaches.servedBy(connectionId, from),
    );
  }

  #askClient(message: ServiceMessageOf<'clientInvocation'>, from: ServerLink): boolean {
    const { invocationId, connectionId } = message;
    const reach = this.#reaches.whereabouts(connectionId);
    if (reach === undefined) return false;
    const ended = (outcomes: readonly Outcome[], complete: boolean): void => {
      if (outcomes.some(({ status }) => status === OK.status)) return;
      const error = complete ? `Connection '${connectionId}' does not exist.` : 'A node of the service did not answer in time.';
      const callerServerId = from.traits.serverId;
      from.tell(writeServiceMessage({ type: 'errorCompletion', invocationId, connectionId, callerServerId, error }));
    };
    this.#ask(message, from, reach, (outcome) => outcome.status === OK.status, ended);
    return true;
  }

  #gather(message: AckedMessage, from: ServerLink, reach: Reach): void {
    // Where one node is named, the thing is there.
    const here = typeof reach === 'string' ? serveHere(message, this.#hub, from) : undefined;
    if (here !== undefined && settles(message, here)) return void from.tell(writeAck(message.ackId, here));
    const own = here === undefined ? [] : [here];
    const ended = (outcomes: readonly Outcome[], complete: boolean): void => {
      from.tell(writeAck(message.ackId, gathered(message, [...own, ...outcomes], complete)));
    };
    this.#ask(message, from, reach, (outcome) => settles(message, outcome), ended);
  }

  #ask(
    message: ServiceMessage,
    from: ServerLink,
    reach: Reach,
    enough: (outcome: Outcome) => boolean,
    ended: (outcomes: readonly Outcome[], complete: boolean) => void,
  ): void {
    const inquirer = {
      enough,
      ended: (answers: Parameters<typeof outcomeOf>[0][], complete: boolean): void => ended(answers.map(outcomeOf), complete),
    };
    this.#cluster.ask(this.#reaches.nodes(reach), inquirer, (request) => this.#say(message, from, reach, request));
  }

  #say(message: ServiceMessage, from: ServerLink, reach: Reach, request: number): void {
    const { name: hub } = this.#hub;
    const body: ClusterBody = { kind: 'said', hub, link: this.#own.numberOf(from), request, bytes: writeServiceMessage(message) };
    if (reach === 'all') this.#cluster.tellAll(body);
    else if (reach === 'listeners') this.#cluster.tellListeners(hub, body);
    else this.#cluster.tell(reach.node, body);
  }

  #bound(message: ClusterMessageOf<'bound'>): void {
    const link = this.#own.bound(message);
    if (link !== undefined) this.#hub.loaded(link);
  }

  /** Does what an app server of another node said. */
  #serve({ node, link: number, request, bytes }: ClusterMessageOf<'said'>): void {
    const link = this.#remote.get(node, number);
    if (link === undefined) return;
    parseServiceMessages(bytes, 0, 0, (message) => {
      if (message.type === 'malformed' || message.type === 'unknown') return false;
      const outcome = this.#serveFor(message, link);
      if (request > 0) this.#cluster.tell(node, { kind: 'outcome', request, ...answerOf(outcome ?? OK) });
      return false;
    });
  }

  #serveFor(message: ServiceMessage, link: ServerLink): Outcome | undefined {
    if (message.type === 'clientInvocation' && this.#hub.clients.get(message.connectionId) === undefined) return NOT_FOUND;
    return serveHere(message, this.#hub, link);
  }

  #tellNews(): void {
    this.#own.tellLoads();
    const { name: hub, clients } = this.#hub;
    if (clients.size === this.#counted) return;
    this.#counted = clients.size;
    this.#cluster.tellAll({ kind: 'census', hub, clients: clients.size });
  }
}
