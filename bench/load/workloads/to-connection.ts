import type { Client } from '../client.ts';
import type { Dialect } from '../dialect.ts';
import { RecordPattern } from '../record-pattern.ts';
import { FIRST_NUMBER } from '../sequence.ts';
import type { Tally } from '../tally.ts';
import type { Workload } from '../workload.ts';
import { callOnce } from './call.ts';
import { Crowd, numberedText } from './crowd.ts';

/** Numbers between the first of one sender and that of the next: what reaches the wrong one is found out. */
const APART = 1_000_000;

/** Every client has texts sent to another one by its connection id, the next when the last has come. */
export class ToConnection implements Workload {
  readonly #clients: readonly Client[];
  readonly #dialect: Dialect;
  readonly #tally: Tally;
  readonly #size: number;
  #pairs: readonly Crowd[] = [];

  /** @param size - characters of a text */
  constructor(clients: readonly Client[], dialect: Dialect, tally: Tally, size: number) {
    this.#clients = clients;
    this.#dialect = dialect;
    this.#tally = tally;
    this.#size = size;
  }

  get pending(): number {
    return this.#pairs.reduce((sum, pair) => sum + pair.pending, 0);
  }

  async prepare(): Promise<void> {
    const call = this.#dialect.call('id', []);
    const ids = await Promise.all(this.#clients.map((client) => callOnce(client, call)));
    const targets = shuffled(this.#clients.map((client, i) => ({ client, id: ids[i] })));
    const setup = { tally: this.#tally, size: this.#size, inFlight: 1, pattern: new RecordPattern() };
    const text = numberedText(this.#size);
    this.#pairs = this.#clients.map((sender, i) => {
      const target = targets[i] ?? { client: sender, id: ids[i] };
      return new Crowd([target.client], [sender], {
        ...setup,
        first: FIRST_NUMBER + i * APART,
        message: this.#dialect.send('sendTo', [target.id, text]),
      });
    });
  }

  start(): void {
    for (const pair of this.#pairs) pair.start();
  }

  stop(): void {
    for (const pair of this.#pairs) pair.stop();
  }

  finish(): void {
    for (const pair of this.#pairs) pair.finish();
  }
}

/** In an order that has nothing to do with that in which they came. */
function shuffled<T>(list: readonly T[]): readonly T[] {
  return list
    .map((one) => ({ one, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
