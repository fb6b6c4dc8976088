import type { Client } from '../client.ts';
import type { Dialect } from '../dialect.ts';
import { RecordPattern } from '../record-pattern.ts';
import type { Tally } from '../tally.ts';
import type { Workload } from '../workload.ts';
import { callOnce } from './call.ts';
import { Crowd, numberedText } from './crowd.ts';

export interface GroupsOptions {
  readonly size: number;
  readonly groups: number;
  /** Tells the groups of several processes apart. */
  readonly prefix: string;
}

/** Every client is in one group. The first of each has a text sent to its group, again when all of it have it. */
export class Groups implements Workload {
  readonly #clients: readonly Client[];
  readonly #dialect: Dialect;
  readonly #tally: Tally;
  readonly #options: GroupsOptions;
  #crowds: readonly Crowd[] = [];

  constructor(clients: readonly Client[], dialect: Dialect, tally: Tally, options: GroupsOptions) {
    this.#clients = clients;
    this.#dialect = dialect;
    this.#tally = tally;
    this.#options = options;
  }

  get pending(): number {
    return this.#crowds.reduce((sum, crowd) => sum + crowd.pending, 0);
  }

  async prepare(): Promise<void> {
    const { size, groups } = this.#options;
    await Promise.all(this.#clients.map((client, i) => callOnce(client, this.#dialect.call('join', [this.#nameOf(i)]))));
    const text = numberedText(size);
    const setup = { tally: this.#tally, size, inFlight: 1, pattern: new RecordPattern() };
    this.#crowds = Array.from({ length: Math.min(groups, this.#clients.length) }, (_, group) => {
      const members = this.#clients.filter((__, i) => i % groups === group);
      const message = this.#dialect.send('sendGroup', [this.#nameOf(group), text]);
      return new Crowd(members, members.slice(0, 1), { ...setup, message });
    });
  }

  start(): void {
    for (const crowd of this.#crowds) crowd.start();
  }

  stop(): void {
    for (const crowd of this.#crowds) crowd.stop();
  }

  finish(): void {
    for (const crowd of this.#crowds) crowd.finish();
  }

  #nameOf(client: number): string {
    return `${this.#options.prefix}${client % this.#options.groups}`;
  }
}
