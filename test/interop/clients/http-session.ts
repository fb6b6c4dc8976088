import { createInterface } from 'node:readline';
import { handshake, wholeMessages } from './strict-socket.ts';
import type { ProtocolName } from '../recorded/payload.ts';
import { type Answer, Requests } from '../recorded/requests.ts';

type Headers = Readonly<Record<string, string>>;

/** What a client puts into its requests. */
export interface Habits {
  readonly protocol?: ProtocolName;
  readonly headers?: Headers;
  /** What the query of polls ends in. */
  readonly pollQuery?: string;
}

/** One connection without WebSockets: polls or an event stream, and requests that send. */
export class HttpSession {
  readonly url: string;
  readonly #protocol: ProtocolName;
  readonly #headers: Headers;
  readonly #pollQuery: string;
  readonly #polls = new Requests();
  readonly #sends = new Requests();

  constructor(url: string, { protocol = 'json', headers = {}, pollQuery = '' }: Habits = {}) {
    this.url = url;
    this.#protocol = protocol;
    this.#headers = headers;
    this.#pollQuery = pollQuery;
  }

  static async negotiate(endpoint: string, habits: Habits = {}): Promise<HttpSession> {
    const requests = new Requests();
    const asked = { method: 'POST', headers: habits.headers ?? {}, body: Buffer.alloc(0) };
    const { body } = await requests.whole(`${endpoint}/negotiate?negotiateVersion=1`, asked);
    requests.cut();
    const { connectionToken } = JSON.parse(body.toString()) as { connectionToken: string };
    return new HttpSession(`${endpoint}?id=${connectionToken}`, habits);
  }

  /** A long polling connection whose handshake is done. */
  static async poll(endpoint: string, habits: Habits = {}): Promise<HttpSession> {
    const session = await HttpSession.negotiate(endpoint, habits);
    const first = await session.poll();
    await session.send(handshake(session.#protocol));
    const answer = await session.poll();
    if (first.body.length > 0 || answer.body.toString() !== '{}\x1e')
      throw new Error(`The handshake was answered by ${answer.body.toString()}`);
    return session;
  }

  poll(): Promise<Answer> {
    return this.#polls.whole(this.url + this.#pollQuery, { method: 'GET', headers: this.#headers, body: Buffer.alloc(0) });
  }

  /** The next hub messages, in as many polls as it takes. */
  async messages(count: number): Promise<unknown[]> {
    const messages: unknown[] = [];
    while (messages.length < count) messages.push(...wholeMessages((await this.poll()).body, this.#protocol));
    return messages;
  }

  send(body: string | Buffer, headers: Headers = {}): Promise<Answer> {
    return this.#sends.whole(this.url, { method: 'POST', headers: { ...this.#headers, ...headers }, body: Buffer.from(body) });
  }

  delete(): Promise<Answer> {
    return this.#sends.whole(this.url, { method: 'DELETE', headers: this.#headers, body: Buffer.alloc(0) });
  }

  /** The data of each event, and the empty text for the comment in front. */
  async events(query = ''): Promise<AsyncIterator<string, undefined>> {
    const headers = { Accept: 'text/event-stream', ...this.#headers };
    const response = await this.#polls.head(this.url + query, { method: 'GET', headers, body: Buffer.alloc(0) });
    async function* read(): AsyncGenerator<string, undefined> {
      for await (const line of createInterface({ input: response })) {
        if (line === ':') yield '';
        else if (line.startsWith('data: ')) yield line.slice('data: '.length);
      }
      return undefined;
    }
    return read();
  }

  /** Cuts every TCP connection. */
  cut(): void {
    this.#polls.cut();
    this.#sends.cut();
  }
}
