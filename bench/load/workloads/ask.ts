import type { Client } from '../client.ts';
import type { Dialect } from '../dialect.ts';
import type { Tally } from '../tally.ts';
import type { Template } from '../template.ts';
import { Conversation } from './conversation.ts';

/** Calls a method that asks its caller for a result and returns that. Each such call counts, with the question in it. */
export class Answerer extends Conversation {
  readonly outstanding = 1;
  readonly #dialect: Dialect;
  readonly #template: Template;
  readonly #text: string;

  constructor(client: Client, tally: Tally, dialect: Dialect, size: number) {
    super(client, tally);
    this.#dialect = dialect;
    this.#text = 'a'.repeat(size);
    this.#template = client.prepare(dialect.call('ask', [this.#text]));
  }

  record(buffer: Buffer, start: number, end: number): void {
    const received = this.client.interpret(buffer, start, end);
    if (received === undefined) return;
    if (received.kind === 'invocation' && received.id !== undefined && received.args[0] === this.#text) {
      this.client.sendOnce(this.#dialect.answer(received.id, this.#text));
    } else if (received.kind === 'completion' && received.id === String(this.value) && received.result === this.#text) {
      this.tally.messages++;
      this.ended();
    } else {
      this.tally.faults.wrong(`neither question nor answer: ${buffer.toString('latin1', start, end)}`);
    }
  }

  protected begin(): void {
    this.client.send(this.#template, this.value);
  }
}
