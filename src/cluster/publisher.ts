import type { Bus } from '../backplane/bus.ts';
import type { Log } from '../base/log.ts';
import { clusterEvents } from './log-events.ts';
import { writeClusterMessage, type ClusterBody } from './messages.ts';

/** What a publisher needs. */
export interface PublisherParts {
  readonly node: string;
  readonly bus: Bus;
  readonly log: Log;
  /** Bytes of the largest message that the bus takes. */
  readonly largest: number;
  /** The bus did not take a message. Never called within `publish`. */
  lost(subject: string): void;
}

/** Bytes that the fields of a `part` take besides its piece. */
const PART_HEAD = 256;

/**
 * Says things over a bus, numbered by subject: the bus keeps the order of one publisher, so who hears the subject knows when something is missing.
 * What is too large goes in pieces, between which this node publishes nothing else.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #counts = new Map<string, number>();
  #failing = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** How many messages were published on each subject. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Nobody hears a subject any more. */
  forget(subject: string): void {
    this.#counts.delete(subject);
  }

  publish(subject: string, body: ClusterBody): void {
    const bytes = this.#write(subject, body);
    if (bytes.length <= this.#parts.largest) return this.#send(subject, bytes);
    // The number that it has is the first piece's.
    this.#counts.set(subject, this.#count(subject) - 1);
    const step = Math.max(1, this.#parts.largest - PART_HEAD);
    for (let start = 0; start < bytes.length; start += step) {
      const end = start + step;
      this.#send(subject, this.#write(subject, { kind: 'part', last: end >= bytes.length, bytes: bytes.subarray(start, end) }));
    }
  }

  #count(subject: string): number {
    return this.#counts.get(subject) ?? 0;
  }

  #write(subject: string, body: ClusterBody): Buffer {
    const count = this.#count(subject) + 1;
    this.#counts.set(subject, count);
    return writeClusterMessage({ ...body, node: this.#parts.node, count });
  }

  #send(subject: string, bytes: Buffer): void {
    try {
      const taking = this.#parts.bus.publish(subject, bytes);
      if (taking === undefined) this.#failing = false;
      else taking.then(this.#taken, (error: unknown) => this.#fail(subject, error));
    } catch (error) {
      // Who publishes is in the middle of something, and losses change what it works with.
      queueMicrotask(() => this.#fail(subject, error));
    }
  }

  readonly #taken = (): void => {
    this.#failing = false;
  };

  #fail(subject: string, error: unknown): void {
    if (!this.#failing) this.#parts.log(clusterEvents.publishFailed, { subject }, error);
    this.#failing = true;
    this.#parts.lost(subject);
  }
}
