import { Peers } from '../backplane/peers.ts';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Arrivals } from './arrivals.ts';
import { clusterEvents } from './log-events.ts';
import type { ClusterMessage, ClusterMessageOf } from './messages.ts';
import type { ClusterSettings } from './options.ts';
import type { Publisher } from './publisher.ts';
import type { NodeSubjects } from './subjects.ts';

/** Nodes that are remembered because they went without a word. */
const MOST_SEVERED = 10_000;

/** What membership needs of its cluster. */
export interface MembershipParts {
  readonly node: string;
  readonly subjects: NodeSubjects;
  readonly publisher: Publisher;
  readonly arrivals: Arrivals;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly settings: ClusterSettings;
  /** Whether this node hears a subject. */
  hears(subject: string): boolean;
  /** A node is there that knows nothing of this one. */
  came(node: string): void;
  /** A node is gone, or what the two have of each other is void. */
  left(node: string): void;
}

/**
 * Which other nodes are there, and whether all that they say arrives. Where messages of a node are missing, it counts as gone, and so does this one for it:
 * both void what they have of each other, and begin anew.
 */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #peers: Peers;
  readonly #known = new Set<string>();
  /** Nodes that have not said yet that what they have of this one is void. */
  readonly #severed = new Set<string>();

  constructor(parts: MembershipParts) {
    const { node, wheel, settings, subjects, publisher } = parts;
    this.#parts = parts;
    this.#peers = new Peers({
      server: node,
      wheel,
      settings: { heartbeatInterval: settings.heartbeatInterval, serverTimeout: settings.nodeTimeout },
      here: (asks) => this.#sayHere(subjects.all, asks),
      answer: (peer) => this.#sayHere(subjects.node(peer), false),
      goodbye: () => publisher.publish(subjects.all, { kind: 'gone' }),
      beat: () => this.#beat(),
      left: (peer, said) => this.#left(peer, said),
    });
  }

  /** The other nodes. */
  get nodes(): ReadonlySet<string> {
    return this.#known;
  }

  /** Whether this node has not heard itself for so long that the bus must be away. */
  get deaf(): boolean {
    return this.#peers.deaf;
  }

  /** Introduces this node, once it hears the others. */
  begin(): void {
    this.#peers.begin();
  }

  /** What this node said to all has come back. */
  echo(): void {
    this.#peers.heard(this.#parts.node, false);
  }

  /** Takes what is about nodes. Returns whether a message of another kind counts: nothing is missing before it, and its node is known. */
  take(subject: string, message: ClusterMessage): boolean {
    const { node } = message;
    if (this.#severed.has(node)) this.#takeSevered(subject, message);
    else {
      const missing = this.#parts.arrivals.take(node, subject, message.count);
      if (missing > 0) this.#miss(node, subject, missing);
      else if (message.kind === 'here') this.#heard(message);
      else if (message.kind === 'severed') this.#void(subject, message);
      else if (message.kind === 'gone') this.#goodbye(node);
      // Who has not introduced itself does that when it hears this node.
      else return this.#known.has(node);
    }
    return false;
  }

  /** The bus did not take a message. What is for several nodes is missed by each, which says so. */
  lost(subject: string): void {
    for (const node of this.#known) if (this.#parts.subjects.node(node) === subject) this.#sever(node);
  }

  close(): void {
    this.#peers.close();
  }

  /** Says that this node is there, and what it has published: so a loss shows that nothing follows. */
  #sayHere(to: string, asks: boolean): void {
    const { publisher } = this.#parts;
    // On its own subject, the message counts itself.
    const counts = [...publisher.counts].filter(([subject]) => subject !== to);
    const subjects = counts.map(([subject]) => subject);
    publisher.publish(to, { kind: 'here', asks, subjects, counts: counts.map(([, count]) => count) });
  }

  #heard({ node, asks, subjects, counts }: ClusterMessageOf<'here'>): void {
    const { arrivals, log } = this.#parts;
    for (const [at, subject] of subjects.entries()) {
      if (!this.#parts.hears(subject)) continue;
      const missing = arrivals.compare(node, subject, counts[at] ?? 0);
      if (missing > 0) return this.#miss(node, subject, missing);
    }
    if (!this.#peers.heard(node, asks)) return;
    this.#known.add(node);
    log(clusterEvents.nodeJoined, { node });
    if (!asks) this.#sayHere(this.#parts.subjects.node(node), false);
    this.#parts.came(node);
  }

  #goodbye(node: string): void {
    const { arrivals, publisher, subjects } = this.#parts;
    this.#severed.delete(node);
    this.#peers.gone(node);
    arrivals.forget(node);
    publisher.forget(subjects.node(node));
  }

  #miss(node: string, subject: string, missing: number): void {
    this.#parts.log(clusterEvents.messagesMissed, { node, subject, missing });
    this.#sever(node);
  }

  /** What the two nodes have of each other is void. Nothing counts that the other says until it has said the same. */
  #sever(node: string): void {
    this.#remember(node);
    this.#leave(node, 'messages were lost');
    this.#saySevered(node, false);
  }

  #remember(node: string): void {
    this.#severed.add(node);
    const [oldest] = this.#severed;
    // It has long been gone, or it would have answered.
    if (this.#severed.size > MOST_SEVERED && oldest !== undefined) this.#severed.delete(oldest);
  }

  #saySevered(node: string, answers: boolean): void {
    this.#parts.publisher.publish(this.#parts.subjects.node(node), { kind: 'severed', answers });
  }

  #takeSevered(subject: string, message: ClusterMessage): void {
    if (message.kind === 'gone') this.#goodbye(message.node);
    // It has not heard that it is, or its answer was lost.
    else if (message.kind === 'here') this.#saySevered(message.node, false);
    else if (message.kind === 'severed') this.#void(subject, message);
  }

  /** The other node says that it has voided what it has of this one; or that it has done so, too. */
  #void(subject: string, { node, count, answers }: ClusterMessageOf<'severed'>): void {
    const { arrivals, subjects } = this.#parts;
    arrivals.reset(node);
    arrivals.take(node, subject, count);
    if (!answers) {
      this.#leave(node, 'messages were lost');
      this.#saySevered(node, true);
    } else if (this.#severed.delete(node)) this.#sayHere(subjects.node(node), true);
  }

  #leave(node: string, reason: string): void {
    if (!this.#known.delete(node)) return;
    this.#peers.gone(node);
    this.#parts.log(clusterEvents.nodeLeft, { node, reason });
    this.#parts.left(node);
  }

  #left(node: string, said: boolean): void {
    if (!said && this.#known.has(node)) this.#remember(node);
    this.#leave(node, said ? 'it said so' : 'it is silent');
  }

  #beat(): void {
    if (this.#peers.deaf) for (const node of this.#known) this.#sever(node);
  }
}
