import type { BackplaneState } from '../backplane/backplane.ts';
import type { Bus } from '../backplane/bus.ts';
import { Peers } from '../backplane/peers.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { Arrivals } from './arrivals.ts';
import { Hearing } from './hearing.ts';
import { Inquiries, type Inquirer } from './inquiries.ts';
import { Listeners } from './listeners.ts';
import { clusterEvents } from './log-events.ts';
import { readClusterMessage, type ClusterBody, type ClusterMessage, type ClusterMessageOf } from './messages.ts';
import type { ClusterSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { NodeSubjects } from './subjects.ts';

/** What a node says to others about hubs: what the cluster itself has no use for. */
export type HubBody = Extract<ClusterMessage, { readonly hub: string }>;

/** Nodes that are remembered because they went without a word. */
const MOST_SEVERED = 10_000;
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

/**
 * The nodes of one service, as one of them sees them: who is there, what is said to whom, and that nothing is lost without a word. Where messages of a
 * node are missing, it counts as gone, and so does this one for it: both void what they have of each other, and begin anew.
 */
export class Cluster {
  readonly node: string;
  readonly inquiries: Inquiries;
  readonly #parts: ClusterParts;
  readonly #subjects: NodeSubjects;
  readonly #own: string;
  readonly #publisher: Publisher;
  readonly #arrivals: Arrivals;
  readonly #hearing: Hearing;
  readonly #listeners = new Listeners();
  readonly #peers: Peers;
  readonly #known = new Set<string>();
  /** Nodes that have not said yet that what they have of this one is void. */
  readonly #severed = new Set<string>();
  /** Hubs of which this node has clients, and whether it hears what is for them. */
  readonly #hubs = new Map<string, Promise<void> | undefined>();
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
    this.#publisher = new Publisher({ node, bus, log, largest: settings.maximumMessageSize, lost: (subject) => this.#lost(subject) });
    this.#arrivals = new Arrivals(this.#own);
    this.inquiries = new Inquiries(wheel, settings.answerTimeout);
    this.#hearing = new Hearing({ bus, wheel, log, retryAfter: settings.heartbeatInterval, received: this.#receive });
    this.#peers = new Peers({
      server: node,
      wheel,
      settings: { heartbeatInterval: settings.heartbeatInterval, serverTimeout: settings.nodeTimeout },
      here: (asks) => this.#introduce(this.#subjects.all, asks),
      answer: (peer) => this.#introduce(this.#subjects.node(peer), false),
      goodbye: () => this.tellAll({ kind: 'gone' }),
      beat: () => this.#beat(),
      left: (peer, said) => this.#left(peer, said),
    });
    this.#joined = this.#join();
  }

  /** How it stands, for health checks. */
  get state(): BackplaneState {
    const { state = 'connected' } = this.#parts.bus;
    if (state !== 'connected') return state;
    if (this.#peers.deaf) return 'down';
    return this.#joining ? 'connecting' : 'connected';
  }

  /** The other nodes. */
  get nodes(): ReadonlySet<string> {
    return this.#known;
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
    const request = this.inquiries.ask(nodes, inquirer);
    if (request > 0) send(request);
  }

  close(): void {
    if (this.#closed) return;
    this.#peers.close();
    this.#closed = true;
    this.#hearing.close();
    this.inquiries.close();
  }

  async #join(): Promise<void> {
    const { wheel, settings } = this.#parts;
    const heard = Promise.all([this.#hears(this.#subjects.all), this.#hears(this.#own)]).then(() => this.#peers.begin());
    await Promise.race([heard.then(() => after(wheel, settings.joinTime)), after(wheel, settings.nodeTimeout)]);
    this.#joining = false;
  }

  async #listen(hub: string): Promise<void> {
    const { wheel, settings } = this.#parts;
    await this.#joined;
    const known = this.#hears(this.#subjects.hub(hub)).then(() => this.#announce(hub));
    await Promise.race([known, after(wheel, settings.answerTimeout)]);
    this.#hubs.set(hub, undefined);
  }

  /** Resolves when the others know that this node has clients of a hub. */
  #announce(hub: string): Promise<void> {
    return new Promise((resolve) => {
      const inquirer = { enough: () => false, ended: () => resolve() };
      this.ask(this.#known, inquirer, (request) => this.tellAll({ kind: 'listening', hub, request }));
    });
  }

  #hears(subject: string): Promise<void> {
    return new Promise((resolve) => this.#hearing.want(subject, resolve));
  }

  /** Says that this node is there, and what it has published: so a loss shows that nothing follows. */
  #introduce(to: string, asks: boolean): void {
    if (this.#closed) return;
    // On its own subject, the message counts itself.
    const counts = [...this.#publisher.counts].filter(([subject]) => subject !== to);
    const subjects = counts.map(([subject]) => subject);
    this.#publisher.publish(to, { kind: 'here', asks, subjects, counts: counts.map(([, count]) => count) });
  }

  readonly #receive = (subject: string, given: Uint8Array): void => {
    const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength);
    const message = readClusterMessage(bytes);
    if (message === undefined) return this.#drop(bytes.length);
    if (message.node === this.node) {
      if (message.kind === 'here') this.#peers.heard(message.node, false);
      return;
    }
    try {
      if (this.#severed.has(message.node)) this.#takeSevered(subject, message);
      else this.#count(subject, message);
    } catch (error) {
      this.#parts.log(clusterEvents.messageFailed, { node: message.node }, error);
    }
  };

  #count(subject: string, message: ClusterMessage): void {
    const missing = this.#arrivals.take(message.node, subject, message.count);
    if (missing > 0) return this.#miss(message.node, subject, missing);
    if (message.kind === 'here') return this.#heard(message);
    if (message.kind === 'severed') return this.#takeSevered(subject, message);
    if (message.kind === 'gone') return this.#goodbye(message.node);
    if (message.kind === 'part') return this.#assemble(message);
    this.#take(message);
  }

  #assemble(part: ClusterMessageOf<'part'>): void {
    const whole = this.#arrivals.join(part.node, part.bytes, part.last);
    if (whole === undefined) return;
    const message = readClusterMessage(whole);
    if (message === undefined || message.node !== part.node) return this.#drop(whole.length);
    this.#take(message);
  }

  #take(message: ClusterMessage): void {
    const { node } = message;
    // Who has not introduced itself does that when it hears this node.
    if (!this.#known.has(node)) return;
    if (message.kind === 'outcome') return this.inquiries.answered(node, message.request, message);
    if (message.kind === 'listening') return this.#listening(message);
    if ('hub' in message) this.#parts.received(message);
  }

  #listening({ node, hub, request }: ClusterMessageOf<'listening'>): void {
    this.#listeners.add(hub, node);
    if (request > 0) this.tell(node, { kind: 'outcome', request, status: 1, message: '', payload: NOTHING });
  }

  #heard({ node, asks, subjects, counts }: ClusterMessageOf<'here'>): void {
    for (const [at, subject] of subjects.entries()) {
      if (!this.#hearing.stands(subject)) continue;
      const missing = this.#arrivals.compare(node, subject, counts[at] ?? 0);
      if (missing > 0) return this.#miss(node, subject, missing);
    }
    if (!this.#peers.heard(node, asks)) return;
    this.#known.add(node);
    this.#parts.log(clusterEvents.nodeJoined, { node });
    if (!asks) this.#introduce(this.#subjects.node(node), false);
    for (const hub of this.#hubs.keys()) {
      if (this.#hearing.stands(this.#subjects.hub(hub))) this.tell(node, { kind: 'listening', hub, request: 0 });
    }
    this.#parts.introduce(node);
  }

  #goodbye(node: string): void {
    this.#peers.gone(node);
    this.#arrivals.forget(node);
    this.#publisher.forget(this.#subjects.node(node));
  }

  #miss(node: string, subject: string, missing: number): void {
    this.#parts.log(clusterEvents.messagesMissed, { node, subject, missing });
    this.#sever(node);
  }

  /** Whom something was for that the bus did not take: what is for several nodes is missed by each, which says so. */
  #lost(subject: string): void {
    for (const node of this.#known) if (this.#subjects.node(node) === subject) this.#sever(node);
  }

  /** What the two nodes have of each other is void. Nothing counts that it says until it has said the same. */
  #sever(node: string): void {
    this.#void(node);
    this.#leave(node, 'messages were lost');
    this.tell(node, { kind: 'severed', answers: false });
  }

  #void(node: string): void {
    this.#severed.add(node);
    const [oldest] = this.#severed;
    // It has long been gone, or it would have answered.
    if (this.#severed.size > MOST_SEVERED && oldest !== undefined) this.#severed.delete(oldest);
  }

  #takeSevered(subject: string, message: ClusterMessage): void {
    const { node } = message;
    if (message.kind === 'gone') {
      this.#severed.delete(node);
      return this.#goodbye(node);
    }
    // It has not heard that, or its answer was lost.
    if (message.kind === 'here') return this.tell(node, { kind: 'severed', answers: false });
    if (message.kind !== 'severed') return;
    this.#arrivals.reset(node);
    this.#arrivals.take(node, subject, message.count);
    if (!message.answers) {
      this.#leave(node, 'messages were lost');
      return this.tell(node, { kind: 'severed', answers: true });
    }
    if (this.#severed.delete(node)) this.#introduce(this.#subjects.node(node), true);
  }

  /** It is no longer among the known. */
  #leave(node: string, reason: string): void {
    if (!this.#known.delete(node)) return;
    this.#peers.gone(node);
    this.#parts.log(clusterEvents.nodeLeft, { node, reason });
    this.#listeners.left(node);
    this.inquiries.left(node);
    this.#parts.left(node);
  }

  #left(node: string, said: boolean): void {
    if (said) this.#leave(node, 'it said so');
    else if (this.#known.has(node)) {
      this.#void(node);
      this.#leave(node, 'it is silent');
    }
  }

  #beat(): void {
    if (this.#peers.deaf) for (const node of this.#known) this.#sever(node);
  }

  #drop(bytes: number): void {
    if (this.#foreign++ === 0) this.#parts.log(clusterEvents.foreignMessage, { bytes });
  }
}

const after = (wheel: TimerWheel, time: number): Promise<void> => new Promise((resolve) => wheel.arm(new Timer(resolve), time));
