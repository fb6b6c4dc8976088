import type { Bus, BusSubscription } from '../backplane/bus.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { clusterEvents } from './log-events.ts';

/** What hearing needs. */
export interface HearingParts {
  readonly bus: Bus;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Milliseconds to the next try. */
  readonly retryAfter: number;
  received(subject: string, bytes: Uint8Array): void;
}

interface Heard {
  subscription: BusSubscription | undefined;
  standing: boolean;
  /** Called once, when it stands. */
  stands: () => void;
}

/** The subjects that a node hears. Each that the bus refuses is tried again, for ever. */
export class Hearing {
  readonly #parts: HearingParts;
  readonly #heard = new Map<string, Heard>();
  readonly #again = new Timer(() => this.#tryAgain());
  #closed = false;

  constructor(parts: HearingParts) {
    this.#parts = parts;
  }

  /** Whether whatever any node publishes on the subject is received. */
  stands(subject: string): boolean {
    return this.#heard.get(subject)?.standing === true;
  }

  /** Listens to a subject, where it does not yet. `stands` may be called at once. */
  want(subject: string, stands: () => void): void {
    const known = this.#heard.get(subject);
    if (known?.standing === true) return stands();
    if (known !== undefined) {
      const { stands: before } = known;
      known.stands = () => [before, stands].forEach((one) => one());
      return;
    }
    const heard: Heard = { subscription: undefined, standing: false, stands };
    this.#heard.set(subject, heard);
    this.#subscribe(subject, heard);
  }

  /** Hears a subject no more. */
  end(subject: string): void {
    const heard = this.#heard.get(subject);
    this.#heard.delete(subject);
    heard?.subscription?.end();
  }

  close(): void {
    this.#closed = true;
    this.#parts.wheel.cancel(this.#again);
    for (const { subscription } of this.#heard.values()) subscription?.end();
    this.#heard.clear();
  }

  #subscribe(subject: string, heard: Heard): void {
    try {
      const subscription = this.#parts.bus.subscribe(subject, (bytes) => this.#parts.received(subject, bytes));
      heard.subscription = subscription;
      if (subscription.ready === undefined) return this.#stand(heard);
      subscription.ready.then(
        () => this.#stand(heard),
        (error: unknown) => this.#fail(subject, heard, error),
      );
    } catch (error) {
      this.#fail(subject, heard, error);
    }
  }

  #stand(heard: Heard): void {
    if (this.#closed) return;
    heard.standing = true;
    heard.stands();
  }

  #fail(subject: string, heard: Heard, error: unknown): void {
    if (this.#closed) return;
    this.#parts.log(clusterEvents.subscribeFailed, { subject }, error);
    heard.subscription?.end();
    heard.subscription = undefined;
    if (!this.#again.armed) this.#parts.wheel.arm(this.#again, this.#parts.retryAfter);
  }

  #tryAgain(): void {
    for (const [subject, heard] of this.#heard) if (heard.subscription === undefined) this.#subscribe(subject, heard);
  }
}
