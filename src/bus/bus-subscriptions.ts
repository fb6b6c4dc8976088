import type { Bus, BusSubscription } from '../backplane/bus.ts';
import { codedError } from '../base/errors.ts';
import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';

/** One subject that is wanted. The alarm is for one that does not come to stand. */
class Wanted extends Alarm {
  /** Undefined once it stands. */
  ready: Promise<void> | undefined = undefined;
  ended = false;
  subscription: BusSubscription | undefined = undefined;
  settle: (error?: Error) => void = () => undefined;
  #late: (() => void) | undefined;

  /** It has to be waited for. `late` is called when that takes too long. */
  wait(late: () => void): Promise<void> {
    this.#late = late;
    const ready = new Promise<void>((resolve, reject) => {
      this.settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever drops the subject meanwhile does not wait for it.
    ready.catch(() => undefined);
    this.ready = ready;
    return ready;
  }

  fire(): void {
    this.#late?.();
  }
}

/** The subjects that this server listens to. */
export class BusSubscriptions {
  readonly #bus: Bus;
  readonly #wheel: TimerWheel;
  readonly #timeout: number;
  readonly #receive: (bytes: Uint8Array) => void;
  readonly #wanted = new Map<string, Wanted>();

  /** @param timeout - milliseconds until a subscription has to stand */
  constructor(bus: Bus, wheel: TimerWheel, timeout: number, receive: (bytes: Uint8Array) => void) {
    this.#bus = bus;
    this.#wheel = wheel;
    this.#timeout = timeout;
    this.#receive = receive;
  }

  /**
   * Listens to a subject. Returns a promise where the subscription does not stand yet.
   *
   * @throws SignalboxError SIGNALBOX_BUS_FAILED, by the promise; the subject is dropped then
   */
  want(subject: string): Promise<void> | undefined {
    const known = this.#wanted.get(subject);
    if (known !== undefined) return known.ready;
    const wanted = new Wanted();
    this.#wanted.set(subject, wanted);
    const standing = this.#subscribe(subject, wanted);
    return standing && this.#wait(subject, wanted, standing);
  }

  /** Listens to it no longer. */
  drop(subject: string): void {
    const wanted = this.#wanted.get(subject);
    if (wanted !== undefined) this.#end(subject, wanted);
  }

  close(): void {
    const error = codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'subscribing' });
    for (const [subject, wanted] of this.#wanted) this.#end(subject, wanted, error);
  }

  #subscribe(subject: string, wanted: Wanted): Promise<void> | undefined {
    try {
      wanted.subscription = this.#bus.subscribe(subject, this.#receive);
      return wanted.subscription.ready;
    } catch (error) {
      return rejected(error);
    }
  }

  #wait(subject: string, wanted: Wanted, standing: Promise<void>): Promise<void> {
    const fail = (cause: unknown): void =>
      this.#end(subject, wanted, codedError('SIGNALBOX_BUS_FAILED', { action: 'subscribing' }, { cause }));
    const ready = wanted.wait(() => fail(new Error(`The subscription did not stand within ${this.#timeout} ms.`)));
    this.#wheel.arm(wanted, this.#timeout);
    standing.then(() => this.#stand(wanted), fail);
    return ready;
  }

  #stand(wanted: Wanted): void {
    if (wanted.ended) return;
    this.#wheel.cancel(wanted);
    wanted.ready = undefined;
    wanted.settle();
  }

  #end(subject: string, wanted: Wanted, error?: Error): void {
    if (wanted.ended) return;
    wanted.ended = true;
    this.#wanted.delete(subject);
    this.#wheel.cancel(wanted);
    wanted.subscription?.end();
    wanted.settle(error);
  }
}

async function rejected(error: unknown): Promise<never> {
  throw error;
}
