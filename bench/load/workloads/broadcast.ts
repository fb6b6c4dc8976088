import type { Client } from '../client.ts';
import type { Dialect } from '../dialect.ts';
import { RecordPattern } from '../record-pattern.ts';
import type { Tally } from '../tally.ts';
import type { Workload } from '../workload.ts';
import { Crowd, numberedText } from './crowd.ts';

export interface BroadcastOptions {
  readonly size: number;
  /** Broadcasts under way at a time. */
  readonly inFlight: number;
  /** Whether one of these clients sends, or one of another process. */
  readonly sends: boolean;
  /** Whether the servers do not hear each other: each has a client that sends. */
  readonly apart: boolean;
}

/** One client has a text sent to all. The next one is sent when all of this process have it. */
export class Broadcast implements Workload {
  readonly #crowd: Crowd;

  constructor(clients: readonly Client[], dialect: Dialect, tally: Tally, { size, inFlight, sends, apart }: BroadcastOptions) {
    const message = dialect.send('broadcast', [numberedText(size)]);
    const senders = apart ? oneOfEachServer(clients) : clients.slice(0, 1);
    this.#crowd = new Crowd(clients, sends ? senders : [], { tally, message, size, inFlight, pattern: new RecordPattern() });
  }

  get pending(): number {
    return this.#crowd.pending;
  }

  start(): void {
    this.#crowd.start();
  }

  stop(): void {
    this.#crowd.stop();
  }

  finish(): void {
    this.#crowd.finish();
  }
}

function oneOfEachServer(clients: readonly Client[]): readonly Client[] {
  return [...new Map(clients.map((client) => [client.endpoint, client])).values()];
}
