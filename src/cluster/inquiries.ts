import { Timer, type TimerWheel } from '../base/timer-wheel.ts';

/** What became of a request at one node. The status is as in acks of the service protocol. */
export interface Answer {
  readonly status: number;
  /** Empty for none. */
  readonly message: string;
  /** Empty for none. */
  readonly payload: Buffer;
}

/** What is done with the answers to a request. */
export interface Inquirer {
  /** Whether an answer settles it, whatever the others say. */
  enough(answer: Answer): boolean;
  /**
   * Called once.
   *
   * @param complete - every node that was asked has answered
   */
  ended(answers: readonly Answer[], complete: boolean): void;
}

interface Inquiry {
  readonly inquirer: Inquirer;
  readonly waiting: Set<string>;
  readonly answers: Answer[];
  readonly askedAt: number;
  complete: boolean;
}

/** Requests that may wait at a time. Each further one ends at once, without answers. */
const MOST = 100_000;

/** What other nodes were asked, and have not all answered. */
export class Inquiries {
  readonly #wheel: TimerWheel;
  readonly #timeout: number;
  readonly #pending = new Map<number, Inquiry>();
  readonly #looking = new Timer(() => this.#look());
  #last = 0;

  /** @param timeout - milliseconds that nodes have */
  constructor(wheel: TimerWheel, timeout: number) {
    this.#wheel = wheel;
    this.#timeout = timeout;
  }

  /** Returns the number of the request; 0, and it has ended, where there is nobody to ask or too much was asked. */
  ask(nodes: Iterable<string>, inquirer: Inquirer): number {
    const waiting = new Set(nodes);
    if (waiting.size === 0 || this.#pending.size >= MOST) {
      inquirer.ended([], waiting.size === 0);
      return 0;
    }
    const request = ++this.#last;
    this.#pending.set(request, { inquirer, waiting, answers: [], askedAt: this.#wheel.now(), complete: true });
    if (!this.#looking.armed) this.#wheel.arm(this.#looking, this.#timeout);
    return request;
  }

  answered(node: string, request: number, answer: Answer): void {
    const inquiry = this.#pending.get(request);
    if (!inquiry?.waiting.delete(node)) return;
    inquiry.answers.push(answer);
    if (inquiry.waiting.size === 0 || inquiry.inquirer.enough(answer)) this.#end(request, inquiry);
  }

  /** Nobody knows what the node did of what it was asked. */
  left(node: string): void {
    for (const [request, inquiry] of this.#pending) {
      if (!inquiry.waiting.delete(node)) continue;
      inquiry.complete = false;
      if (inquiry.waiting.size === 0) this.#end(request, inquiry);
    }
  }

  close(): void {
    this.#wheel.cancel(this.#looking);
    this.#pending.clear();
  }

  #look(): void {
    const longAgo = this.#wheel.now() - this.#timeout;
    for (const [request, inquiry] of this.#pending) {
      // In the order in which they were asked.
      if (inquiry.askedAt > longAgo) break;
      inquiry.complete = false;
      this.#end(request, inquiry);
    }
    const [next] = this.#pending.values();
    if (next !== undefined) this.#wheel.arm(this.#looking, Math.max(1, next.askedAt - longAgo));
  }

  #end(request: number, { inquirer, answers, complete }: Inquiry): void {
    this.#pending.delete(request);
    inquirer.ended(answers, complete);
  }
}
