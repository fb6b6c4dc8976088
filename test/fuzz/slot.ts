import type { Exchange } from './peers/exchange.ts';
import type { WebSocketPeer } from './peers/web-socket.ts';
import { SessionModel } from './session-model.ts';

/** One connection token with everything that its client has open: what carries it, polls, POSTs. */
export class Slot {
  readonly model = new SessionModel();
  /** What the opening request asks of the hub. */
  readonly fate: string;
  readonly #now: () => number;
  #webSocket: WebSocketPeer | undefined;
  #events: Exchange | undefined;
  readonly #polls = new Set<Exchange>();
  /** Polls that may not have arrived. */
  readonly #fresh = new Set<Exchange>();
  /** When the last poll was sent. */
  #polled = 0;
  #posts: Exchange[] = [];

  constructor(fate: string, now: () => number) {
    this.fate = fate;
    this.#now = now;
  }

  /** What carries the session, as a link. */
  get carrier(): Exchange | undefined {
    return this.#webSocket?.exchange ?? this.#events;
  }

  get webSocket(): WebSocketPeer | undefined {
    return this.#webSocket;
  }

  /** Since when a poll has had no answer. */
  get waitingSince(): number | undefined {
    return this.#polls.size > 0 && this.model.carrier === 'longPolling' ? this.#polled : undefined;
  }

  /** Tells the model what can be seen from here. */
  look(): void {
    if (this.#webSocket?.closed === true || this.#webSocket?.exchange.over === true) this.model.ended();
    if (this.#events !== undefined && (this.#events.over || this.#events.whole > 0)) this.model.ended();
    this.#posts = this.#posts.filter(({ status, over }) => status === 0 && !over);
    this.model.blocked = this.#posts.length > 0;
    this.#fresh.clear();
  }

  takenUpBy(carrier: WebSocketPeer | Exchange): void {
    this.model.carriedBy('exchange' in carrier ? 'webSockets' : 'serverSentEvents');
    if ('exchange' in carrier) this.#webSocket = carrier;
    else this.#events = carrier;
  }

  /** A poll is sent. */
  poll(poll: Exchange): void {
    this.#polls.add(poll);
    this.#fresh.add(poll);
    this.#polled = this.#now();
    this.model.polls(undefined);
    poll.onWhole = () => this.#answered(poll);
    poll.onOver = () => this.#gone(poll);
  }

  post(post: Exchange): void {
    this.#posts.push(post);
  }

  /** The client cuts something, or takes its leave of it. */
  vanish(what: 'carrier' | 'polls' | 'posts', politely: boolean): void {
    const exchanges = { carrier: this.carrier === undefined ? [] : [this.carrier], polls: [...this.#polls], posts: this.#posts }[what];
    for (const exchange of exchanges) {
      // Whether it found its session, nobody will know.
      if (this.#fresh.has(exchange)) this.model.loose = true;
      if (politely) {
        exchange.link.end();
        continue;
      }
      exchange.link.cut();
      exchange.over = true;
      if (what === 'polls') this.#gone(exchange);
    }
  }

  #answered(poll: Exchange): void {
    if (poll.status === 200 && this.model.carrier === 'waiting') this.model.carriedBy('longPolling');
    const last = this.#polls.size === 1;
    // One that another poll follows is told so in the same way.
    if (poll.status === 204 && last && this.model.carrier === 'longPolling') this.model.ended();
    this.#gone(poll);
  }

  #gone(poll: Exchange): void {
    if (this.#polls.delete(poll) && this.#polls.size === 0) this.model.polls(this.#now());
  }
}
