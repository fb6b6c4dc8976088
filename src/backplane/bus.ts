import type { BackplaneState } from './backplane.ts';

/** One subject that a node listens to. */
export interface BusSubscription {
  /**
   * Resolves when the subscription stands: what any node publishes from then on is received. Rejects when it can't be made; `end` is called
   * then. Left out where it stands already.
   */
  readonly ready?: Promise<void> | undefined;
  /** Listens no longer. Nothing is received after it returns. */
  end(): void;
}

/**
 * Carries bytes between the nodes of a farm, by subject: what `busBackplane` needs to make a backplane of NATS, of a message broker, of anything
 * that can publish and subscribe. An instance is one node's end of it.
 *
 * Every implementation guarantees: what is published on a subject reaches each node that listens to exactly that subject, the publisher too, once;
 * what one node publishes reaches another in the order in which it was published, whatever the subjects; bytes arrive as they were, and
 * are not touched afterwards. It loses nothing without a word, as long as it is connected. The exported bus conformance suite says all of this as tests.
 *
 * A subject has at most 160 characters: letters, digits, `-`, `_`, and `.` between its parts. Case makes a difference. A node has one
 * subscription to a subject at a time, and may have one for each connection, user and group of its clients.
 */
export interface Bus {
  /** How it stands, for health checks. Left out by one that can't be away. */
  readonly state?: BackplaneState | undefined;
  /**
   * Sends bytes to every node that listens to the subject. They are not changed afterwards. Where the bus confirms what it has taken, the promise
   * waits for that, and rejects where it may not have been taken; what was rejected is not delivered later.
   */
  publish(subject: string, bytes: Buffer): void | Promise<void>;
  /** Listens to a subject. `receive` is called with the bytes of each message, in order, never within `subscribe` or `publish`, and does not throw. */
  subscribe(subject: string, receive: (bytes: Uint8Array) => void): BusSubscription;
  /** Ends this node's part, after what it has published has left. Nothing is received from the call on. Called once or more. */
  close(): void | Promise<void>;
}
