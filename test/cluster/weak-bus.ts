import type { Bus, BusSubscription } from '../../src/backplane/bus.ts';

/** An end of a bus that a test breaks. */
export class WeakBus implements Bus {
  readonly #bus: Bus;
  readonly published: string[] = [];
  /** What was published last, by subject. */
  readonly last = new Map<string, Buffer>();
  /** Subjects that are subscribed to. */
  readonly subjects = new Set<string>();
  /** The bus is away: it takes nothing, and brings nothing. */
  away = false;
  /** What is published rejects, after the bus has taken what came later. */
  late = false;
  /** Messages on subjects for which this holds are lost without a word. */
  loses: (subject: string) => boolean = () => false;
  /** Whether subscriptions are refused. */
  refuses = false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  publish(subject: string, bytes: Buffer): void | Promise<void> {
    this.published.push(subject);
    this.last.set(subject, bytes);
    if (this.away) throw new Error('The bus is away.');
    if (this.late) return Promise.reject(new Error('The bus did not take it.'));
    if (!this.loses(subject)) return this.#bus.publish(subject, bytes);
  }

  subscribe(subject: string, receive: (bytes: Uint8Array) => void): BusSubscription {
    if (this.refuses) throw new Error('The bus refuses the subscription.');
    this.subjects.add(subject);
    const subscription = this.#bus.subscribe(subject, (bytes) => {
      if (!this.away) receive(bytes);
    });
    const end = (): void => {
      this.subjects.delete(subject);
      subscription.end();
    };
    return { ready: subscription.ready, end };
  }

  close(): void | Promise<void> {
    return this.#bus.close();
  }
}
