import type { Client } from '../client.ts';
import type { StreamCalls } from '../dialect.ts';
import { OrderChecker } from '../order-checker.ts';
import type { RecordPattern } from '../record-pattern.ts';
import { FIRST_ITEM } from '../sequence.ts';
import type { Tally } from '../tally.ts';
import type { Template } from '../template.ts';
import { Conversation } from './conversation.ts';

/** Has the server stream numbers, one stream after the other. Each item counts; a latency is that of a whole stream. */
export class StreamReader extends Conversation {
  readonly #template: Template;
  readonly #items: number;
  readonly #pattern: RecordPattern;
  #checker = new OrderChecker(FIRST_ITEM);

  /** @param pattern - of items, shared by all clients */
  constructor(client: Client, tally: Tally, streams: StreamCalls, items: number, pattern: RecordPattern) {
    super(client, tally);
    this.#items = items;
    this.#pattern = pattern;
    this.#template = client.prepare(streams.call('count', [FIRST_ITEM, items]));
  }

  get outstanding(): number {
    return FIRST_ITEM + this.#items - this.#checker.next;
  }

  record(buffer: Buffer, start: number, end: number): void {
    const known = this.#pattern.read(buffer, start, end);
    if (known === -1) {
      this.#readFully(buffer, start, end);
      return;
    }
    this.tally.messages++;
    this.#checker.received(known);
  }

  protected begin(): void {
    this.#checker = new OrderChecker(FIRST_ITEM);
    this.client.send(this.#template, this.value);
  }

  #readFully(buffer: Buffer, start: number, end: number): void {
    const received = this.client.interpret(buffer, start, end);
    if (received === undefined) return;
    const isMine = received.kind !== 'invocation' && received.id === String(this.value);
    if (isMine && received.kind === 'item' && typeof received.item === 'number') {
      this.#pattern.learn(buffer.subarray(start, end), received.item);
      this.tally.messages++;
      this.#checker.received(received.item);
    } else if (isMine && received.kind === 'completion' && received.error === undefined) {
      this.tally.faults.irregular(this.#checker.finish(FIRST_ITEM + this.#items));
      this.ended();
    } else {
      this.tally.faults.wrong(`not of the stream: ${buffer.toString('latin1', start, end)}`);
    }
  }
}
