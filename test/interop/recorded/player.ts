import { expect } from 'vitest';
import { Activity } from './activity.ts';
import { Bindings } from './bindings.ts';
import { EventStream } from './event-stream.ts';
import { Inbox } from './inbox.ts';
import { bytesToSend } from './payload.ts';
import { Poller } from './poller.ts';
import type { Answer, Asked } from './requests.ts';
import type { QuestionEvent, RequestEvent, Session, SessionEvent } from './session.ts';
import { Socket } from './socket.ts';
import { type Exchange, Tcp } from './tcp.ts';
import { type ServerEvent, Verdict } from './verdict.ts';

/** The server that a session is played to. */
export interface SessionServer {
  readonly url: string;
  /** What the session may name without having learnt it. */
  readonly known: Readonly<Record<string, string>>;
  /** Milliseconds that have passed for the server. */
  now(): number;
  /** Lets time pass for the server: none passes by itself. */
  advance(milliseconds: number): void;
  /** Resolves when the server has taken all that was sent to it before. */
  roundTrip(): Promise<void>;
}

/** What the client did, or the proxy between. */
type ClientEvent = Exclude<SessionEvent, QuestionEvent | ServerEvent>;

/** How much later than in the recording a server may do something, in milliseconds of its clock. */
const LATENESS = 3_000;
const STEP = 100;

/**
 * Plays the client of one recorded session: sends what the client sent, in the same order and over the same TCP connections,
 * and waits for each thing that the server said before going on.
 */
export class Player {
  readonly #session: Session;
  readonly #server: SessionServer;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #activity = new Activity();
  readonly #bindings: Bindings;
  readonly #tcp = new Map<number, Tcp>();
  readonly #inboxes = new Map<string, Inbox>();
  readonly #pollers = new Map<Inbox, Poller>();
  #recordedPings = 0;
  readonly #questions: { readonly event: QuestionEvent; readonly answered: Promise<string> }[] = [];

  constructor(session: Session, server: SessionServer, headers: Readonly<Record<string, string>>) {
    this.#session = session;
    this.#server = server;
    this.#headers = headers;
    this.#bindings = new Bindings(server.known);
  }

  /** @throws Error for the first event in which the server differs, with the number of that event */
  async play(): Promise<void> {
    try {
      for (const [i, event] of this.#session.events.entries()) {
        await this.#step(event).catch((error: unknown) => {
          throw new Error(`Event ${i + 1}, ${JSON.stringify(event).slice(0, 300)}: ${(error as Error).message}`, { cause: error });
        });
      }
      await this.#end();
    } finally {
      for (const tcp of this.#tcp.values()) tcp.cut();
    }
  }

  async #step(event: SessionEvent): Promise<void> {
    if (event.ms !== undefined) await this.#timeTo(event.ms);
    if (isServers(event)) await this.#compare(event);
    else if (event.kind === 'ask') this.#ask(event);
    else this.#perform(event);
    this.#activity.check();
  }

  async #timeTo(ms: number): Promise<void> {
    if (ms <= this.#server.now()) return;
    await this.#server.roundTrip();
    this.#server.advance(ms - this.#server.now());
  }

  #perform(event: ClientEvent): void {
    const tcp = this.#tcpOf(event.conn);
    if (event.kind === 'http-request') this.#request(tcp, event);
    else if (event.kind === 'ws-frame') {
      if (event.closeCode !== undefined) tcp.socket?.close(event.closeCode);
      else tcp.socket?.send(bytesToSend(event, this.#bindings), { binary: event.opcode === 2, fin: event.fin ?? true });
    } else if (event.kind === 'tcp-end') {
      tcp.socket?.end();
      tcp.stream?.drop();
    } else {
      for (const poller of this.#pollers.values()) poller.cut(tcp.requests);
      tcp.cut();
    }
  }

  #request(tcp: Tcp, event: RequestEvent): void {
    const path = this.#bindings.fill(event.path);
    const url = this.#server.url + path;
    const headers = Object.fromEntries(Object.entries(event.headers).map(([name, value]) => [name, this.#bindings.fill(value)]));
    const asked = { method: event.method, headers: { ...this.#headers, ...headers }, body: bytesToSend(event, this.#bindings) };
    const inbox = this.#inboxOf(new URL(url).searchParams.get('id') ?? `TCP connection ${event.conn}`);
    inbox.hear(asked.body);

    if (event.upgrade) {
      tcp.socket = new Socket(this.#activity, inbox, url.replace('http', 'ws'), asked.headers);
      tcp.open.push({ kind: 'socket', socket: tcp.socket });
    } else if (event.headers['Accept'] === 'text/event-stream') {
      tcp.stream = new EventStream(this.#activity, inbox);
      tcp.open.push({ kind: 'stream', stream: tcp.stream });
      void tcp.stream.read(tcp.requests.head(url, asked));
    } else if (event.method === 'GET') {
      const poller = this.#pollerOf(inbox);
      const again = (): void => poller.poll(tcp.requests, url, asked);
      tcp.open.push({ kind: 'poll', poller, again });
      again();
    } else {
      this.#plain(tcp, url, asked);
    }
  }

  #plain(tcp: Tcp, url: string, asked: Asked): void {
    const exchange: Exchange = { kind: 'plain', answer: undefined };
    tcp.open.push(exchange);
    const taken = (answer: Answer): void => {
      exchange.answer = answer;
      this.#activity.happened();
    };
    // One that is cut has no answer, as in the session.
    tcp.requests.whole(url, asked).then(taken, () => {});
  }

  #ask(event: QuestionEvent): void {
    const url = this.#server.url + this.#bindings.fill(event.path);
    this.#questions.push({ event, answered: fetch(url).then((response) => response.text()) });
  }

  async #compare(event: ServerEvent): Promise<void> {
    const tcp = this.#tcpOf(event.conn);
    const { ms } = event;
    const pass = ms === undefined ? undefined : (): Promise<boolean> => this.#pass(ms + LATENESS);
    const verdict = new Verdict(this.#bindings, (ready, wanted) => this.#activity.until(ready, wanted, pass));
    await verdict.on(event, tcp);
    this.#recordedPings += verdict.pings;
  }

  /** Lets a little time pass for a server that has not done its part; false when it had enough. */
  async #pass(end: number): Promise<boolean> {
    await this.#server.roundTrip();
    if (this.#server.now() >= end) return false;
    this.#server.advance(STEP);
    await this.#server.roundTrip();
    return true;
  }

  /** The server has no more to say than it said in the recording. */
  async #end(): Promise<void> {
    for (const { event, answered } of this.#questions) expect(await answered, `the answer to ${event.path}`).toBe(event.answer);
    await this.#server.roundTrip();
    this.#activity.check();
    const closed = new Set([...this.#tcp.values()].filter(({ socket }) => socket?.closing).map(({ socket }) => socket?.inbox));
    for (const [name, inbox] of this.#inboxes) {
      const unread = inbox.unread.filter(({ message }) => !(closed.has(inbox) && isPlainClose(message)));
      expect(unread, `messages of ${name} that the recording has not`).toEqual([]);
    }
    for (const poller of this.#pollers.values()) {
      for (const { status, body } of poller.answers) expect(`${status}${body.toString()}`, 'what an unread poll brought').toBe('204');
    }
    const pings = [...this.#inboxes.values()].reduce((sum, inbox) => sum + inbox.pings, 0);
    const recorded = this.#recordedPings;
    if (recorded === 0) expect(pings, 'pings').toBe(0);
    else expect(Math.abs(pings - recorded), `${pings} pings instead of ${recorded}`).toBeLessThanOrEqual(1);
  }

  #tcpOf(number: number): Tcp {
    return made(this.#tcp, number, () => new Tcp());
  }

  #inboxOf(connection: string): Inbox {
    return made(this.#inboxes, connection, () => new Inbox(this.#activity));
  }

  #pollerOf(inbox: Inbox): Poller {
    return made(this.#pollers, inbox, () => new Poller(this.#activity, inbox));
  }
}

function made<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

const isServers = (event: SessionEvent): event is ServerEvent => event.at === 'server';

const isPlainClose = (message: unknown): boolean => ['{"type":7}', '[7,null,false]'].includes(JSON.stringify(message));
