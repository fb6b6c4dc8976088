import type { Dialect } from './dialect.ts';
import { EventStreamReader } from './event-stream-reader.ts';
import { HttpClient, requestHead } from './http-client.ts';
import type { Endpoint, Link, LinkListener } from './link.ts';
import { Template, type NumberedMessage } from './template.ts';

const OK = 200;
const NO_CONTENT = 204;

/** What both transports over HTTP have in common: negotiation, and sending by POST, one at a time. */
export abstract class HttpLink implements Link {
  protected readonly endpoint: Endpoint;
  protected readonly listener: LinkListener;
  /** The path with the connection token. */
  protected path = '';
  readonly #dialect: Dialect;
  readonly #posts: HttpClient;
  #ready: Buffer[] = [];
  #negotiation: string | undefined = '';
  #ended = false;

  constructor(endpoint: Endpoint, dialect: Dialect, listener: LinkListener) {
    this.endpoint = endpoint;
    this.listener = listener;
    this.#dialect = dialect;
    const sink = {
      head: (status: number): void => expectStatus('a POST', status),
      body: (buffer: Buffer, start: number, end: number): void => this.#posted(buffer, start, end),
      end: (): void => this.#postEnd(),
    };
    this.#posts = new HttpClient(endpoint, sink, (reason) => this.lost(reason));
    this.#posts.request(requestHead('POST', endpoint, `${endpoint.path}/negotiate?negotiateVersion=1`, [], 0));
  }

  prepare(message: NumberedMessage): Template {
    const type = this.#dialect.format === 'text' ? 'text/plain;charset=UTF-8' : 'application/octet-stream';
    const head = Buffer.from(requestHead('POST', this.endpoint, this.path, [`Content-Type: ${type}`], message.bytes.length));
    return new Template(Buffer.concat([head, message.bytes]), message, head.length);
  }

  add(template: Template, value: number): void {
    const bytes = Buffer.allocUnsafe(template.length);
    template.fill(bytes, 0, value);
    this.#ready.push(bytes);
  }

  flush(): void {
    for (const bytes of this.#ready) this.#posts.request(bytes);
    this.#ready = [];
  }

  destroy(): void {
    this.#ended = true;
    this.#posts.destroy();
    this.stopReceiving();
  }

  /** Begins to receive: the connection token is known. */
  protected abstract receive(): void;
  protected abstract stopReceiving(): void;

  protected lost(reason: string): void {
    if (this.#ended) return;
    this.destroy();
    this.listener.closed(reason);
  }

  #posted(buffer: Buffer, start: number, end: number): void {
    if (this.#negotiation !== undefined) this.#negotiation += buffer.toString('latin1', start, end);
  }

  #postEnd(): void {
    if (this.#negotiation === undefined) return;
    const { connectionToken, error } = JSON.parse(this.#negotiation) as { readonly connectionToken?: string; readonly error?: string };
    if (connectionToken === undefined) throw new TypeError(`negotiation: ${error ?? 'no connection token'}`);
    this.#negotiation = undefined;
    this.path = `${this.endpoint.path}?id=${encodeURIComponent(connectionToken)}`;
    this.receive();
  }
}

/** Server-sent events: one response that never ends. */
export class ServerSentEventsLink extends HttpLink {
  #stream: HttpClient | undefined;

  protected receive(): void {
    const events = new EventStreamReader(this.listener);
    const sink = {
      head: (status: number): void => {
        expectStatus('the event stream', status);
        this.listener.opened();
      },
      body: (buffer: Buffer, start: number, end: number): void => {
        this.listener.reading(performance.now());
        events.read(buffer, start, end);
        this.listener.readEnd();
      },
      end: (): void => this.lost('the server ended the event stream'),
    };
    this.#stream = new HttpClient(this.endpoint, sink, (reason) => this.lost(reason));
    this.#stream.request(requestHead('GET', this.endpoint, this.path, ['Accept: text/event-stream']));
  }

  protected stopReceiving(): void {
    this.#stream?.destroy();
  }
}

/** Long polling: one request after the other, each answered when there is something. */
export class LongPollingLink extends HttpLink {
  #polls: HttpClient | undefined;
  #polled = false;

  protected receive(): void {
    let status = 0;
    const sink = {
      head: (given: number): void => {
        if (given !== NO_CONTENT) expectStatus('a poll', given);
        status = given;
      },
      body: (buffer: Buffer, start: number, end: number): void => {
        this.listener.reading(performance.now());
        this.listener.payload(buffer, start, end);
        this.listener.readEnd();
      },
      end: (): void => (status === NO_CONTENT ? this.lost('the server ended the polls') : this.#pollEnd()),
    };
    this.#polls = new HttpClient(this.endpoint, sink, (reason) => this.lost(reason));
    this.#poll();
  }

  protected stopReceiving(): void {
    this.#polls?.destroy();
  }

  #poll(): void {
    this.#polls?.request(requestHead('GET', this.endpoint, this.path));
  }

  #pollEnd(): void {
    this.#poll();
    if (this.#polled) this.listener.messageEnd();
    else this.listener.opened();
    this.#polled = true;
  }
}

function expectStatus(what: string, status: number): void {
  if (status !== OK) throw new TypeError(`${what} was answered with ${status}`);
}
