import type { IncomingMessage, ServerResponse } from 'node:http';
import { answers, respond, tooLarge } from './answers.ts';

/**
 * How many POSTs of one connection may wait. Clients send one at a time; who sends hundreds, which is possible on one socket,
 * is not to fill our memory with them.
 */
const MOST_WAITING = 100;

/** Who takes what clients POST. */
export interface Receiver {
  take(chunk: Buffer): void;
  /** Whether it has enough for now. */
  readonly held: boolean;
  /** Bytes of the largest POST; null for no limit. */
  readonly maximumRequestBodySize: number | null;
  /**
   * A POST was larger.
   *
   * @param broken - a part of it was taken, so that what follows can't be understood
   */
  tooMuch(limit: number, broken: boolean): void;
}

/** Whether a request says that its body is larger than `limit` bytes. */
export function isTooLarge({ headers }: IncomingMessage, limit: number): boolean {
  return Number(headers['content-length'] ?? 0) > limit;
}

/** A POST in its place of the queue. */
export class Send {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** It may be read: who sent it is known. */
  admitted = false;
  /** Its body is being read, or was. */
  begun = false;
  /** Its body was read to the end. */
  whole = false;
  /** Bytes of its body that were taken. */
  taken = 0;
  /** Its body turned out to be too large. What is still to come of it is dropped. */
  refused = false;
  readonly #queue: SendQueue;

  constructor(queue: SendQueue, request: IncomingMessage, response: ServerResponse) {
    this.#queue = queue;
    this.request = request;
    this.response = response;
  }

  /** Lets it be read when its turn comes. */
  admit(): void {
    this.admitted = true;
    this.#queue.proceed();
  }

  /** Gives up its place: somebody else answers it. */
  withdraw(): void {
    this.#queue.remove(this);
  }
}

/**
 * The POSTs of one connection: taken one after the other in the order in which they came, and no faster than the
 * application takes them.
 */
export class SendQueue {
  readonly #receiver: Receiver;
  readonly #sends: Send[] = [];

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  /** Keeps the place of a POST. Undefined where too many wait. */
  add(request: IncomingMessage, response: ServerResponse): Send | undefined {
    if (this.#sends.length >= MOST_WAITING) return undefined;
    const send = new Send(this, request, response);
    this.#sends.push(send);
    return send;
  }

  /** Takes a POST out. */
  remove(send: Send): void {
    const place = this.#sends.indexOf(send);
    if (place !== -1) this.#sends.splice(place, 1);
    this.proceed();
  }

  /** Goes on, where it may. */
  proceed(): void {
    const [send] = this.#sends;
    if (!send?.admitted || this.#receiver.held) return;
    if (!send.begun) this.#begin(send);
    else if (send.whole) this.#finish(send);
    else send.request.resume();
  }

  /** The connection has ended. A POST that is being taken has still arrived; others find nobody. */
  end(): void {
    const [head] = this.#sends;
    const arriving = head?.begun === true && !head.whole && !head.request.isPaused();
    for (const send of this.#sends.splice(arriving ? 1 : 0)) {
      respond(send.response, answers.unknownId);
      send.request.resume();
    }
  }

  #begin(send: Send): void {
    const { request } = send;
    if (request.destroyed) {
      this.remove(send);
      return;
    }
    send.begun = true;
    request.on('data', (chunk: Buffer) => {
      if (!send.refused) this.#take(send, chunk);
      if (!send.refused && this.#receiver.held) request.pause();
    });
    request.once('end', () => {
      send.whole = true;
      this.proceed();
    });
    request.once('close', () => {
      // The client went away in the middle: what it sent was taken, and the next one goes on behind it.
      if (!send.whole) this.remove(send);
    });
  }

  #take(send: Send, chunk: Buffer): void {
    const limit = this.#receiver.maximumRequestBodySize;
    const bytes = send.taken + chunk.length;
    if (limit === null || bytes <= limit) {
      send.taken = bytes;
      this.#receiver.take(chunk);
      return;
    }
    send.refused = true;
    respond(send.response, tooLarge(limit));
    // Before the next one goes on.
    this.#receiver.tooMuch(limit, send.taken > 0);
    this.remove(send);
  }

  #finish(send: Send): void {
    respond(send.response, answers.sent);
    this.remove(send);
  }
}
