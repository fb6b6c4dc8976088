import type { Client, Receiver } from '../client.ts';
import { OrderChecker } from '../order-checker.ts';
import type { RecordPattern } from '../record-pattern.ts';
import { FIRST_NUMBER, NUMBER_LENGTH, PLACEHOLDER } from '../sequence.ts';
import type { Tally } from '../tally.ts';
import type { NumberedMessage, Template } from '../template.ts';

/** A text of `size` characters that begins with the number. */
export function numberedText(size: number): string {
  return PLACEHOLDER + 'b'.repeat(Math.max(0, size - NUMBER_LENGTH));
}

export interface CrowdSetup {
  readonly tally: Tally;
  readonly message: NumberedMessage;
  /** Characters of the text. */
  readonly size: number;
  /** Sendings under way at a time. */
  readonly inFlight: number;
  readonly pattern: RecordPattern;
  /** The number of the first sending, so that those of one crowd are not taken for those of another. Default `FIRST_NUMBER`. */
  readonly first?: number;
}

/** Milliseconds without a delivery after which none is expected any more, where it is not known how many were sent. */
const QUIET = 300;
const WINDOW = 16;

/** Clients that all hear what is sent, some of which may send it. Each delivery to each of them counts. */
export class Crowd {
  readonly #setup: CrowdSetup;
  readonly #members: readonly CrowdMember[];
  readonly #senders: readonly { readonly client: Client; readonly template: Template }[];
  /** Deliveries that are to come, for each sending under way. */
  readonly #left = new Int32Array(WINDOW);
  readonly #sentAt = new Float64Array(WINDOW);
  #running = false;
  readonly #first: number;
  #next: number;
  #underWay = 0;
  #lastDelivery = 0;

  /** @param senders - each sends everything, to a server of its own; none where another process sends */
  constructor(clients: readonly Client[], senders: readonly Client[], setup: CrowdSetup) {
    this.#setup = setup;
    this.#first = setup.first ?? FIRST_NUMBER;
    this.#next = this.#first;
    this.#senders = senders.map((client) => ({ client, template: client.prepare(setup.message) }));
    this.#members = clients.map((client) => new CrowdMember(client, this, setup));
  }

  get #sends(): boolean {
    return this.#senders.length > 0;
  }

  get pending(): number {
    if (this.#sends) return this.#underWay;
    return performance.now() - this.#lastDelivery < QUIET ? 1 : 0;
  }

  start(): void {
    this.#running = true;
    if (!this.#sends) return;
    for (let i = 0; i < this.#setup.inFlight; i++) this.#send();
  }

  stop(): void {
    this.#running = false;
  }

  finish(): void {
    const end = this.#sends ? this.#next : this.#members.reduce((last, member) => Math.max(last, member.next), this.#first);
    for (const member of this.#members) member.finish(end);
  }

  delivered(value: number, now: number): void {
    const { tally } = this.#setup;
    tally.messages++;
    if (!this.#sends) {
      this.#lastDelivery = now;
      return;
    }
    const slot = value % WINDOW;
    tally.latency.add(now - (this.#sentAt[slot] ?? 0));
    const left = (this.#left[slot] ?? 0) - 1;
    this.#left[slot] = left;
    if (left !== 0) return;
    this.#underWay--;
    if (this.#running) this.#send();
  }

  #send(): void {
    const value = this.#next++;
    this.#underWay++;
    this.#left[value % WINDOW] = this.#members.length;
    this.#sentAt[value % WINDOW] = performance.now();
    for (const { client, template } of this.#senders) {
      client.send(template, value);
      client.flush();
    }
  }
}

class CrowdMember implements Receiver {
  readonly #client: Client;
  readonly #crowd: Crowd;
  readonly #setup: CrowdSetup;
  readonly #checker: OrderChecker;

  constructor(client: Client, crowd: Crowd, setup: CrowdSetup) {
    this.#client = client;
    this.#crowd = crowd;
    this.#setup = setup;
    this.#checker = new OrderChecker(setup.first ?? FIRST_NUMBER);
    client.receive(this);
  }

  get next(): number {
    return this.#checker.next;
  }

  record(buffer: Buffer, start: number, end: number): void {
    const known = this.#setup.pattern.read(buffer, start, end);
    const value = known === -1 ? this.#readFully(buffer, start, end) : known;
    if (value === -1) return;
    this.#checker.received(value);
    this.#crowd.delivered(value, this.#client.now);
  }

  finish(end: number): void {
    this.#setup.tally.faults.irregular(this.#checker.finish(end));
  }

  #readFully(buffer: Buffer, start: number, end: number): number {
    const received = this.#client.interpret(buffer, start, end);
    if (received === undefined) return -1;
    const { tally, pattern, size } = this.#setup;
    const text = received.kind === 'invocation' && received.target === 'message' ? received.args[0] : undefined;
    if (typeof text !== 'string' || text.length !== size || !/^\d{10}b*$/.test(text)) {
      tally.faults.wrong(`no such message: ${buffer.toString('latin1', start, end)}`);
      return -1;
    }
    const value = Number(text.slice(0, NUMBER_LENGTH));
    pattern.learn(buffer.subarray(start, end), value);
    return value;
  }
}
