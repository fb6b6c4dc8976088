import type { Bus } from '../backplane/bus.ts';
import { codedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { writeBusMessage, type BusMessage } from './envelope.ts';
import { busEvents } from './log-events.ts';
import type { Subjects } from './subjects.ts';

/** Says things over a bus, and tells operators when it does not take them. */
export class BusPublisher {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #hub: string;
  readonly #log: Log;
  #failing = false;

  constructor(bus: Bus, subjects: Subjects, hub: string, log: Log) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#hub = hub;
    this.#log = log;
  }

  /**
   * Returns a promise where the bus confirms what it takes, or has failed. Nobody has to wait for it.
   *
   * @throws SignalboxError SIGNALBOX_BUS_FAILED, by the promise
   */
  publish(subject: string, message: BusMessage): void | Promise<void> {
    const bytes = writeBusMessage(message);
    let taken: Promise<void>;
    try {
      const taking = this.#bus.publish(subject, bytes);
      if (taking === undefined) return this.#taken();
      taken = taking.then(this.#taken, (error: unknown) => this.#fail(error));
    } catch (error) {
      taken = this.#fail(error);
    }
    // Who sends an event need not wait for it, and an outage must not end their process.
    taken.catch(() => undefined);
    return taken;
  }

  /** Says something to one server, which does without where the bus fails. */
  readonly tell = (server: string, message: BusMessage): void => {
    void this.publish(this.#subjects.server(server), message);
  };

  readonly tellAll = (message: BusMessage): void => {
    void this.publish(this.#subjects.all, message);
  };

  readonly #taken = (): void => {
    this.#failing = false;
  };

  async #fail(cause: unknown): Promise<never> {
    const error = codedError('SIGNALBOX_BUS_FAILED', { action: 'publishing a message' }, { cause });
    if (!this.#failing) this.#log(busEvents.publishFailed, { hub: this.#hub }, error);
    this.#failing = true;
    throw error;
  }
}
