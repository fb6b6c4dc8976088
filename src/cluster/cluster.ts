import type { BackplaneState } from '../backplane/backplane.ts';
import type { Bus } from '../backplane/bus.ts';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { Arrivals } from './arrivals.ts';
import { Delays } from './delays.ts';
import { Hearing } from './hearing.ts';
import { Inquiries, type Inquirer } from './inquiries.ts';
import { Listeners } from './listeners.ts';
import { clusterEvents } from './log-events.ts';
import { Membership } from './membership.ts';
import { readClusterMessage, type ClusterBody, type ClusterMessage, type ClusterMessageOf } from './messages.ts';
import type { ClusterSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { NodeSubjects } from './subjects.ts';

/** What a node says to others about hubs: what the cluster itself has no use for. */
export type HubBody = Extract<ClusterMessage, { readonly hub: string }>;

const NOTHING = Buffer.alloc(0);

/** What a cluster needs of its node. */
export interface ClusterParts {
  /** The id of the node, new at each start. */
  readonly node: string;
  readonly bus: Bus;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly settings: ClusterSettings;
  /** Another node said something about a hub. */
  received(message: HubBody): void;
  /** A node is there that knows nothing of this one: it is to be told all. */
  introduce(node: string): void;
  /** A node is gone, or what the two have of each other is void. */
  left(node: string): void;
}

/** The nodes of one service, as one of them sees them: who is there, what is said to whom, and who hears what is for clients of a hub. */
export class Cluster {
  readonly node: string;
  readonly #parts: ClusterParts;
  readonly #subjects: NodeSubjects;
  readonly #own: string;
  readonly #inquiries: Inquiries;
  readonly #publisher: Publisher;
  readonly #arrivals: Arrivals;
  readonly #hearing: Hearing;
  readonly #listeners = new Listeners();
  readonly #membership: Membership;
  /** Hubs of which this node has clients, and whether it hears what is for them. */
  readonly #hubs = new Map<string, Promise<void> | undefined>();
  /** What is under way comes first: subjects are heard, and counted, for a while after nobody listens. */
  readonly #unheard: Delays;
  readonly #unspoken: Delays;
  readonly #joined: Promise<void>;
  #joining = true;
  #foreign = 0;
  #closed = false;

  constructor(parts: ClusterParts) {
    const { node, bus, wheel, log, settings } = parts;
    this.#parts = parts;
    this.node = node;
    this.#subjects = new NodeSubjects(settings.subjectPrefix);
    this.#own = this.#subjects.node(node);
    this.#publisher = new Publisher({
      node,
      bus,
      log,
      largest: settings.maximumMessageSize,
      lost: (subject) => this.#membership.lost(subject),
    });
    this.#arrivals = new Arrivals(this.#own);
    this.#inquiries = new Inquiries(wheel, settings.answerTimeout);
    this.#hearing = new Hearing({ bus, wheel, log, retryAfter: settings.heartbeatInterval, received: this.#receive });
    this.#membership = new Membership({
      node,
      subjects: this.#subjects,
      publisher: this.#publisher,
      arrivals: this.#arrivals,
      wheel,
      log,
      settings,
      hears: (subject) => this.#hearing.stands(subject),
      came: (other) => this.#came(other),
      left: (other) => this.#left(other),
    });
    this.#unheard = new Delays(wheel, settings.answerTimeout, (hub) => this.#unhear(hub));
    // Whoever counts what comes has stopped by then, and begins anew.
    this.#unspoken = new Delays(wheel, 2 * settings.answerTimeout, (hub) => {
      if (this.#listeners.of(hub).size === 0) this.#publisher.forget(this.#subjects.hub(hub));
    });
    this.#joined = this.#join();
  }

  /** How it stands, for health checks. */
  get state(): BackplaneState {
    const { state = 'connected' } = this.#parts.bus;
    if (state !== 'connected') return state;
    if (this.#membership.deaf) return 'down';
    return this.#joining ? 'connecting' : 'connected';
  }

  /** The other nodes. */
  get nodes(): ReadonlySet<string> {
    return this.#membership.nodes;
  }

  /** How much came over the bus that no node would say. */
  get foreignMessages(): number {
    return this.#foreign;
  }

  /** Resolves when the others have introduced themselves, or can't be heard; undefined once that is so. */
  get joined(): Promise<void> | undefined {
    return this.#joining ? this.#joined : undefined;
  }

  /** The other nodes that have clients of a hub. */
  listeners(hub: string): ReadonlySet<string> {
    return this.#listeners.of(hub);
  }

  /**
   * This node is to have clients of a hub. Resolves when it hears what is for them, and the others know; or the bus can't be heard for now, and with it no
   * other node. Undefined once that is so.
   */
  listen(hub: string): Promise<void> | undefined {
    if (!this.#hubs.has(hub)) this.#hubs.set(hub, this.#listen(hub));
    return this.#hubs.get(hub);
  }

  /**
   * This node has no clients of a hub any more, and knows of no app server of it: the others are told. What is under way to it still comes for as long as
   * answers may take.
   */
  forget(hub: string): void {
    if (this.#closed || !this.#hubs.delete(hub)) return;
    this.tellAll({ kind: 'notListening', hub });
    this.#unheard.begin(hub);
  }

  tell(node: string, body: ClusterBody): void {
    if (!this.#closed) this.#publisher.publish(this.#subjects.node(node), body);
  }

  tellAll(body: ClusterBody): void {
    if (!this.#closed) this.#publisher.publish(this.#subjects.all, body);
  }

  /** Says something to the nodes that have clients of a hub. */
  tellListeners(hub: string, body: ClusterBody): void {
    if (!this.#closed && this.#listeners.of(hub).size > 0) this.#publisher.publish(this.#subjects.hub(hub), body);
  }

  /** Asks nodes something, each of which answers by an `outcome`. `send` gets the number of the request. */
  ask(nodes: Iterable<string>, inquirer: Inquirer, send: (request: number) => void): void {
    const request = this.#inquiries.ask(nodes, inquirer);
    if (request > 0) send(request);
  }

  close(): void {
    if (this.#closed) return;
    this.#membership.close();
    this.#closed = true;
    this.#hearing.close();
    this.#unheard.close();
    this.#unspoken.close();
    this.#inquiries.close();
  }

  async #join(): Promise<void> {
    const { wheel, settings } = this.#parts;
    const heard = Promise.all([this.#hears(this.#subjects.all), this.#hears(this.#own)]).then(() => this.#membership.begin());
    await Promise.race([heard.then(() => wheel.pause(settings.joinTime)), wheel.pause(settings.nodeTimeout)]);
    this.#joining = false;
  }

  async #listen(hub: string): Promise<void> {
    const { wheel, settings } = this.#parts;
    await this.#joined;
    const known = this.#hears(this.#subjects.hub(hub)).then(() => this.#announce(hub));
    await Promise.race([known, wheel.pause(settings.answerTimeout)]);
    if (this.#hubs.has(hub)) this.#hubs.set(hub, undefined);
  }

  #unhear(hub: string): void {
    if (this.#hubs.has(hub)) return;
    const subject = this.#subjects.hub(hub);
    this.#hearing.end(subject);
    this.#arrivals.unheard(subject);
  }

  /** Resolves when the others know that this node has clients of a hub. */
  #announce(hub: string): Promise<void> {
    return new Promise((resolve) => {
      const inquirer = { enough: () => false, ended: () => resolve() };
      this.ask(this.nodes, inquirer, (request) => this.tellAll({ kind: 'listening', hub, request }));
    });
  }

  #hears(subject: string): Promise<void> {
    return new Promise((resolve) => this.#hearing.want(subject, resolve));
  }

  readonly #receive = (subject: string, given: Uint8Array): void => {
    const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    const message = readClusterMessage(bytes);
    if (message === undefined) return this.#drop(bytes.length);
    if (message.node === this.node) {
      if (message.kind === 'here') this.#membership.echo();
      return;
    }
    try {
      if (this.#membership.take(subject, message)) this.#take(message);
    } catch (error) {
      this.#parts.log(clusterEvents.messageFailed, { node: message.node }, error);
    }
  };

  #take(message: ClusterMessage): void {
    if (message.kind === 'part') this.#assemble(message);
    else if (message.kind === 'outcome') this.#inquiries.answered(message.node, message.request, message);
    else if (message.kind === 'listening') this.#listening(message);
    else if (message.kind === 'notListening') this.#notListening(message);
    else if ('hub' in message) this.#parts.received(message);
  }

  #assemble(part: ClusterMessageOf<'part'>): void {
    const whole = this.#arrivals.join(part.node, part.bytes, part.last);
    if (whole === undefined) return;
    const message = readClusterMessage(whole);
    if (message === undefined || message.node !== part.node || message.kind === 'part') this.#drop(whole.length);
    else this.#take(message);
  }

  #listening({ node, hub, request }: ClusterMessageOf<'listening'>): void {
    this.#listeners.add(hub, node);
    if (request > 0) this.tell(node, { kind: 'outcome', request, status: 1, message: '', payload: NOTHING });
  }

  #notListening({ node, hub }: ClusterMessageOf<'notListening'>): void {
    if (this.#listeners.remove(hub, node)) this.#unspoken.begin(hub);
  }

  #came(node: string): void {
    for (const hub of this.#hubs.keys()) {
      if (this.#hearing.stands(this.#subjects.hub(hub))) this.tell(node, { kind: 'listening', hub, request: 0 });
    }
    this.#parts.introduce(node);
  }

  #left(node: string): void {
    for (const hub of this.#listeners.left(node)) this.#unspoken.begin(hub);
    this.#inquiries.left(node);
    this.#parts.left(node);
  }

  #drop(bytes: number): void {
    if (this.#foreign++ === 0) this.#parts.log(clusterEvents.foreignMessage, { bytes });
  }
}
