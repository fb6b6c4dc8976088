import type { Exchange } from './peers/exchange.ts';
import type { WebSocketPeer } from './peers/web-socket.ts';
import { SessionModel } from './session-model.ts';

const HANDSHAKE = /^\{"protocol":"(?:json|messagepack)","version":([12])\}\u001e/;
const ACCEPTED = '{}\u001e';

/** One connection token with everything that its client has open: what carries it, polls, POSTs. */
export class Slot {
  readonly model = new SessionModel();
  /** What the opening request asks of the hub. */
  readonly fate: string;
  /** Whether its client negotiated that it may come back. */
  readonly #stateful: boolean;
  readonly #now: () => number;
  #webSocket: WebSocketPeer | undefined;
  #events: Exchange | undefined;
  readonly #polls = new Set<Exchange>();
  /** Polls that may not have arrived. */
  readonly #fresh = new Set<Exchange>();
  /** When the last poll was sent. */
  #polled = 0;
  #posts: Exchange[] = [];
  /** What was sent first, as the version of the handshake that it is. */
  #handshake: 'none' | '1' | '2' | 'other' = 'none';
  /** The WebSocket was sent something that may not have arrived. */
  #sent = false;
  /** The client itself has cut the WebSocket, or ended it. */
  #leaves = false;

  constructor(fate: string, now: () => number, stateful = false) {
    this.fate = fate;
    this.#now = now;
    this.#stateful = stateful;
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
    if (this.#webSocket !== undefined) this.#lookAt(this.#webSocket);
    if (this.#events !== undefined && (this.#events.over || this.#events.whole > 0)) this.model.ended();
    this.#posts = this.#posts.filter(({ status, over }) => status === 0 && !over);
    this.model.blocked = this.#posts.length > 0;
    this.#fresh.clear();
    this.#sent = false;
  }

  takenUpBy(carrier: WebSocketPeer | Exchange): void {
    this.model.carriedBy('exchange' in carrier ? 'webSockets' : 'serverSentEvents');
    if (!('exchange' in carrier)) this.#events = carrier;
    // Of several that came at once the server has closed all but the last.
    else if (!carrier.closed || this.#webSocket === undefined) {
      this.#webSocket = carrier;
      this.#leaves = false;
    }
  }

  /** The client's WebSocket sends a message: bytes, one character each, which may have been changed on the way. */
  send(text: string, changed: boolean): void {
    if (this.#webSocket === undefined) return;
    this.#sent = true;
    this.#bytes(changed ? '' : text);
    // A call that ends the connection may still wait for its turn when the WebSocket is lost.
    if (this.#stateful && /abort/i.test(text)) this.model.loose = true;
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
    this.#bytes('');
  }

  /** The client cuts something, or takes its leave of it. */
  vanish(what: 'carrier' | 'polls' | 'posts', politely: boolean): void {
    const exchanges = { carrier: this.carrier === undefined ? [] : [this.carrier], polls: [...this.#polls], posts: this.#posts }[what];
    if (what === 'carrier') this.#leaves = true;
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

  #lookAt(webSocket: WebSocketPeer): void {
    if (this.#handshake === '2' && webSocket.head.startsWith(ACCEPTED) && this.model.returns === 'perhaps') this.model.returns = 'yes';
    if (webSocket.closed) this.model.ended();
    else if (webSocket.exchange.over) this.#lost();
  }

  /** Without a close frame from the server: whether that is the end is for the server to know, unless the client did it, with nothing under way. */
  #lost(): void {
    if (this.model.returns === 'no') return this.model.ended();
    if (this.model.returns === 'perhaps' || this.#sent || !this.#leaves) this.model.loose = true;
    this.model.lost(this.#now());
    this.#webSocket = undefined;
  }

  /** The first bytes of all are to be a handshake, and decide whether the client may come back. */
  #bytes(text: string): void {
    if (!this.#stateful || this.#handshake !== 'none') return;
    const version = HANDSHAKE.exec(text)?.[1];
    this.#handshake = version === '1' || version === '2' ? version : 'other';
    this.model.returns = this.#handshake === '1' ? 'no' : 'perhaps';
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
