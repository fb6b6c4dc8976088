import { Acknowledger } from './acknowledger.ts';
import type { Dialect, Received } from './dialect.ts';
import type { Endpoint, Link, LinkListener, OpenLink } from './link.ts';
import type { RecordReader } from './record-reader.ts';
import type { Tally } from './tally.ts';
import type { NumberedMessage, Template } from './template.ts';

/** What a workload does with the records of one client. Buffers are valid during the call only. */
export interface Receiver {
  record(buffer: Buffer, start: number, end: number): void;
}

/** How clients of a run reach the server. */
export interface ClientSetup {
  readonly endpoint: Endpoint;
  readonly dialect: Dialect;
  readonly openLink: OpenLink;
  readonly tally: Tally;
}

/** Milliseconds a connection has to be ready. */
const OPENING_TIMEOUT = 20_000;

/** One connection to the server under load. */
export class Client implements LinkListener {
  /** When the current read began, by `performance.now()`. */
  now = 0;
  readonly endpoint: Endpoint;
  readonly #dialect: Dialect;
  readonly #tally: Tally;
  readonly #link: Link;
  readonly #records: RecordReader;
  readonly #acknowledger: Acknowledger | undefined;
  #opened: { resolve(): void; reject(error: Error): void } | undefined;
  #receiver: Receiver | undefined;

  private constructor({ endpoint, dialect, openLink, tally }: ClientSetup, opened: { resolve(): void; reject(error: Error): void }) {
    this.endpoint = endpoint;
    this.#dialect = dialect;
    this.#tally = tally;
    this.#opened = opened;
    this.#records = dialect.records((buffer, start, end) => this.#record(buffer, start, end));
    this.#acknowledger = dialect.acknowledgements && new Acknowledger(dialect.acknowledgements);
    this.#link = openLink(endpoint, dialect, this);
  }

  /** Connects and greets. Rejects when the server refuses or does not answer in time. */
  static async open(setup: ClientSetup): Promise<Client> {
    let client: Client | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`not connected after ${OPENING_TIMEOUT / 1000} s`)), OPENING_TIMEOUT);
        client = new Client(setup, { resolve, reject });
      });
    } catch (error) {
      client?.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    if (!client) throw new Error('not connected');
    return client;
  }

  /** Hands this client's records to a workload. */
  receive(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  prepare(message: NumberedMessage): Template {
    return this.#link.prepare(message);
  }

  /** Sends with the next `flush`, which the end of every read of this client is too. */
  send(template: Template, value: number): void {
    this.#link.add(template, value);
  }

  sendOnce(message: NumberedMessage): void {
    this.#link.add(this.#link.prepare(message), 0);
  }

  flush(): void {
    this.#link.flush();
  }

  destroy(): void {
    this.#opened = undefined;
    this.#link.destroy();
  }

  /** Reads a record in full. Pings, close messages and what is not of the protocol are dealt with here: then it is undefined. */
  interpret(buffer: Buffer, start: number, end: number): Exclude<Received, { kind: 'ping' | 'close' }> | undefined {
    try {
      const received = this.#dialect.interpret(buffer.subarray(start, end));
      if (received.kind === 'ping') {
        if (this.#dialect.pong) this.sendOnce({ bytes: this.#dialect.pong, places: [] });
        return undefined;
      }
      if (received.kind !== 'close') return received;
      this.#tally.faults.closed(`the server said so${received.error === undefined ? '' : `: ${received.error}`}`);
    } catch (error) {
      this.#tally.faults.wrong(`${String(error)} in ${buffer.toString('latin1', start, end)}`);
    }
    return undefined;
  }

  opened(): void {
    if (!this.#dialect.opening) return;
    this.sendOnce({ bytes: this.#dialect.opening, places: [] });
    this.flush();
  }

  reading(now: number): void {
    this.now = now;
  }

  payload(buffer: Buffer, start: number, end: number): void {
    this.#records.payload(buffer, start, end);
  }

  messageEnd(): void {
    this.#tally.carriers++;
    this.#records.messageEnd();
  }

  readEnd(): void {
    const ack = this.#acknowledger?.due(this.now);
    if (ack !== undefined) this.sendOnce({ bytes: ack, places: [] });
    this.#link.flush();
  }

  closed(reason: string): void {
    if (this.#opened) this.#opened.reject(new Error(reason));
    else this.#tally.faults.closed(reason);
  }

  #record(buffer: Buffer, start: number, end: number): void {
    if (this.#opened) {
      this.#greeted(this.#opened, buffer.subarray(start, end));
      return;
    }
    this.#acknowledger?.received(buffer, start);
    if (this.#receiver) this.#receiver.record(buffer, start, end);
    else this.interpret(buffer, start, end);
  }

  #greeted(opened: { resolve(): void; reject(error: Error): void }, record: Buffer): void {
    const { reply, ready, error } = this.#dialect.greet(record);
    if (reply) this.sendOnce({ bytes: reply, places: [] });
    if (error !== undefined) opened.reject(new Error(error));
    if (ready !== true) return;
    this.#opened = undefined;
    opened.resolve();
  }
}
