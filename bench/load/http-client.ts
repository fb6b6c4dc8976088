import type { Socket } from 'node:net';
import { HttpReader, type HttpSink } from './http-reader.ts';
import type { Endpoint } from './link.ts';
import { abandon, openTcp, type TcpListener } from './tcp.ts';

/** One kept connection to a server, for requests one after the other. What is asked while one is under way waits. */
export class HttpClient implements TcpListener, HttpSink {
  readonly #socket: Socket;
  readonly #sink: HttpSink;
  readonly #closed: (reason: string) => void;
  readonly #reader = new HttpReader(this);
  readonly #waiting: (Buffer | string)[] = [];
  #busy = true;

  /**
   * @param sink - where the responses go
   * @param closed - called once, and not after `destroy`
   */
  constructor(endpoint: Endpoint, sink: HttpSink, closed: (reason: string) => void) {
    this.#sink = sink;
    this.#closed = closed;
    this.#socket = openTcp(endpoint, this);
  }

  /** Sends a whole request. */
  request(bytes: Buffer | string): void {
    if (this.#busy) {
      this.#waiting.push(bytes);
      return;
    }
    this.#busy = true;
    this.#socket.write(bytes);
  }

  destroy(): void {
    abandon(this.#socket);
  }

  connected(): void {
    this.#next();
  }

  read(buffer: Buffer, length: number): void {
    this.#reader.read(buffer, 0, length);
  }

  closed(reason: string): void {
    this.#closed(reason);
  }

  head(status: number): void {
    this.#sink.head(status);
  }

  body(buffer: Buffer, start: number, end: number): void {
    this.#sink.body(buffer, start, end);
  }

  end(): void {
    this.#next();
    this.#sink.end();
  }

  #next(): void {
    const bytes = this.#waiting.shift();
    this.#busy = bytes !== undefined;
    if (bytes !== undefined) this.#socket.write(bytes);
  }
}

/** The head of a request; with a body, it says how long that is. */
export function requestHead(
  method: string,
  { host, port }: Endpoint,
  path: string,
  headers: readonly string[] = [],
  body?: number,
): string {
  const length = body === undefined ? [] : [`Content-Length: ${body}`];
  return `${[`${method} ${path} HTTP/1.1`, `Host: ${host}:${port}`, ...headers, ...length].join('\r\n')}\r\n\r\n`;
}
