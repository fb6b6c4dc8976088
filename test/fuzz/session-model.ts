import { LATENESS, times } from './arena.ts';
import type { Transport } from './peers/client.ts';

/** What is asked of one connection token, or without one. */
export type Ask = 'webSocket' | 'events' | 'poll' | 'post' | 'delete' | 'other';

/** No answer yet. */
export const PENDING = 0;

/** The answers to an id that nobody knows. */
const unknown: Readonly<Record<Ask, readonly number[]>> = {
  webSocket: [404],
  events: [404],
  poll: [404],
  post: [404],
  delete: [404],
  other: [405],
};

/** The answers to a WebSocket that comes to a connection which one carries, or has carried. */
const returning: Readonly<Record<Returns, readonly number[]>> = { no: [409], perhaps: [101, 409], yes: [101] };

/** Whether a client may come back to its connection by another WebSocket. `perhaps`: it does not know what the server made of its handshake. */
export type Returns = 'no' | 'perhaps' | 'yes';

/** The answers to an id by what carries it; `waiting`: nothing yet. */
const known: Readonly<Record<Transport | 'waiting', Readonly<Record<Ask, readonly number[]>>>> = {
  waiting: { webSocket: [101], events: [200], poll: [200], post: [200], delete: [400], other: [405] },
  webSockets: { webSocket: [409], events: [400], poll: [400], post: [405], delete: [400], other: [405] },
  serverSentEvents: { webSocket: [400], events: [409], poll: [400], post: [200], delete: [400], other: [405] },
  longPolling: { webSocket: [400], events: [400], poll: [200, 204, PENDING], post: [200], delete: [202], other: [405] },
};

/**
 * What a server makes of one connection token, as far as its client can know: which transport carries it, and whether it has
 * ended. Told of answers as they come; asked which answers there may be.
 */
export class SessionModel {
  /** None until negotiate has been answered. */
  token: string | undefined;
  /** A POST of it has not been sent whole, so those behind it wait. */
  blocked = false;
  /** The client can't know any more whether the session has ended: it does not read, or is sent more than it takes. */
  loose = false;
  returns: Returns = 'no';
  #carrier: Transport | 'waiting' = 'waiting';
  #ended = false;
  /** When the client was last there; undefined while it is. */
  #away: number | undefined;

  negotiated(token: string, now: number): void {
    this.token = token;
    this.#away = now;
  }

  get carrier(): Transport | 'waiting' {
    return this.#carrier;
  }

  /** @throws Error where there is one already, to which nobody may come back */
  carriedBy(transport: Transport): void {
    const again = transport === 'webSockets' && this.#carrier === 'webSockets' && this.returns !== 'no';
    if (this.#carrier !== 'waiting' && !again) throw new Error(`taken up by ${transport} behind ${this.#carrier}`);
    if (again) this.returns = 'yes';
    this.#carrier = transport;
    this.#away = undefined;
  }

  ended(): void {
    this.#ended = true;
  }

  /** Its WebSocket is gone, and it may live on. */
  lost(now: number): void {
    this.#away = now;
  }

  /** A poll is there, or none is any more. */
  polls(now: number | undefined): void {
    if (this.#carrier === 'longPolling') this.#away = now;
  }

  /** The answers that a request may have. */
  allowed(ask: Ask, now: number): readonly number[] {
    if (this.token === undefined || this.#ended) return unknown[ask];
    const away = this.#away === undefined ? 0 : now - this.#away;
    if (away > times.disconnect + LATENESS) return unknown[ask];
    const isReturn = ask === 'webSocket' && this.#carrier === 'webSockets';
    const answers = [...(isReturn ? returning[this.returns] : known[this.#carrier][ask])];
    if (ask === 'post' && (this.blocked || this.loose)) answers.push(PENDING, 429);
    if (away >= times.disconnect || this.loose) answers.push(...unknown[ask]);
    return answers;
  }

  /** The answers that a request may have while others are under way: the order in which they are seen says which. */
  allowedBeside(ask: Ask): readonly number[] {
    const answers = new Set([...Object.values(known).flatMap((answersOf) => answersOf[ask]), ...unknown[ask]]);
    // One that is cut short and yet ended politely is refused by Node.
    if (ask === 'post') for (const status of [PENDING, 400, 429]) answers.add(status);
    return [...answers];
  }
}
