import type { Log } from '../base/log.ts';
import type { ChannelMeaning } from './channels.ts';
import { redisEvents } from './log-events.ts';

/** Counts what came from Redis and means nothing, and says so once for each kind of channel. */
export class ForeignPayloads {
  readonly #log: Log;
  readonly #hub: string;
  readonly #seen = new Set<string>();
  #count = 0;

  constructor(hub: string, log: Log) {
    this.#hub = hub;
    this.#log = log;
  }

  get count(): number {
    return this.#count;
  }

  add(kind: ChannelMeaning['kind'], bytes: number): void {
    this.#count++;
    if (this.#seen.has(kind)) return;
    this.#seen.add(kind);
    this.#log(redisEvents.foreignPayload, { hub: this.#hub, channel: kind, bytes });
  }
}
