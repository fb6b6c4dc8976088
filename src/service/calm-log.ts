import type { FieldsOf, Log, LogEvent, LogFields } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';

/** Milliseconds in which a warning is logged once for each hub. */
const PERIOD = 1_000;
/** Warnings of so many events and hubs that are kept apart; beyond them all are logged as one. */
const MAXIMUM = 1_000;

interface Repeated {
  readonly event: LogEvent;
  /** Of the last one that was left out, as it would be logged. */
  fields: LogFields;
  error: unknown;
  leftOut: number;
}

/**
 * A log for what peers can bring about as often as they like: the first of each warning of a hub in a second is logged, and at its end the last one, if there
 * were more, with how many are left out (`leftOut`). What is no warning is logged as it comes.
 */
export class CalmLog {
  readonly #log: Log;
  readonly #wheel: TimerWheel;
  readonly #repeated = new Map<string, Repeated | undefined>();
  readonly #period = new Timer(() => this.flush());

  constructor(log: Log, wheel: TimerWheel) {
    this.#log = log;
    this.#wheel = wheel;
  }

  readonly write: Log = <Event extends LogEvent>(event: Event, fields: FieldsOf<Event>, error?: unknown): void => {
    if (event.level !== 'warn') return this.#log(event, fields, error);
    const key = this.#keyOf(event, fields);
    const repeated = this.#repeated.get(key);
    if (repeated !== undefined) {
      repeated.fields = fields;
      repeated.error = error;
      repeated.leftOut++;
    } else if (this.#repeated.has(key)) this.#repeated.set(key, { event, fields, error, leftOut: 0 });
    else {
      this.#repeated.set(key, undefined);
      if (!this.#period.armed) this.#wheel.arm(this.#period, PERIOD);
      this.#log(event, fields, error);
    }
  };

  /** Logs what was left out. */
  flush(): void {
    const repeated = [...this.#repeated.values()];
    this.#repeated.clear();
    for (const one of repeated) {
      if (one === undefined) continue;
      const { event, fields, error, leftOut } = one;
      this.#log(event, leftOut === 0 ? fields : { ...fields, leftOut }, error);
    }
  }

  /** Warnings of nodes are kept apart, too. */
  #keyOf({ id }: LogEvent, { hub, node }: LogFields): string {
    const key = `${id}\n${hub ?? node ?? ''}`;
    return this.#repeated.has(key) || this.#repeated.size < MAXIMUM ? key : id;
  }
}
