import type { Log } from '../base/log.ts';
import { meteringEvents } from './log-events.ts';

/** Says once that writing fails, and once that it works again. */
export class WriteTrouble {
  readonly #path: string;
  readonly #log: Log;
  #fails = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  failed(error: unknown): void {
    if (this.#fails) return;
    this.#fails = true;
    this.#log(meteringEvents.writeFailed, { path: this.#path, reason: (error as Error).message }, error);
  }

  worked(): void {
    if (!this.#fails) return;
    this.#fails = false;
    this.#log(meteringEvents.writeWorks, { path: this.#path });
  }
}
