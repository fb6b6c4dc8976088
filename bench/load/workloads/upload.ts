import type { Client } from '../client.ts';
import type { StreamCalls } from '../dialect.ts';
import { FIRST_ITEM } from '../sequence.ts';
import type { Tally } from '../tally.ts';
import type { Template } from '../template.ts';
import { Conversation } from './conversation.ts';

/** Streams numbers to the server, which answers how many came in order. Each item counts; a latency is that of a whole upload. */
export class Uploader extends Conversation {
  readonly #templates: readonly Template[];
  readonly #items: number;

  constructor(client: Client, tally: Tally, streams: StreamCalls, items: number) {
    super(client, tally);
    this.#items = items;
    const numbers = Array.from({ length: items }, (_, i) => FIRST_ITEM + i);
    this.#templates = streams.upload('upload', numbers).map((message) => client.prepare(message));
  }

  get outstanding(): number {
    return this.#items;
  }

  record(buffer: Buffer, start: number, end: number): void {
    const received = this.client.interpret(buffer, start, end);
    if (received === undefined) return;
    if (received.kind !== 'completion' || received.id !== String(this.value) || typeof received.result !== 'number') {
      this.tally.faults.wrong(`no end of the upload: ${buffer.toString('latin1', start, end)}`);
      return;
    }
    this.tally.messages += received.result;
    this.tally.faults.irregular({ lost: this.#items - received.result, swapped: 0, repeated: 0 });
    this.ended();
  }

  protected begin(): void {
    for (const template of this.#templates) this.client.send(template, this.value);
  }
}
