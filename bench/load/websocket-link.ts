import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Dialect } from './dialect.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { BINARY, CLOSE, frame, framed, PONG, TEXT } from './frame-writer.ts';
import { HttpHead } from './http-head.ts';
import type { Endpoint, Link, LinkListener } from './link.ts';
import { Outbox } from './outbox.ts';
import { abandon, openTcp, type TcpListener } from './tcp.ts';
import type { NumberedMessage, Template } from './template.ts';

const SWITCHING_PROTOCOLS = 101;

/** A WebSocket without negotiation before it. */
export class WebSocketLink implements Link, TcpListener, FrameSink {
  readonly #endpoint: Endpoint;
  readonly #dialect: Dialect;
  readonly #listener: LinkListener;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #frames = new FrameReader(this);
  /** The answer to the upgrade, until it is whole. */
  #head: HttpHead | undefined = new HttpHead();

  constructor(endpoint: Endpoint, dialect: Dialect, listener: LinkListener) {
    this.#endpoint = endpoint;
    this.#dialect = dialect;
    this.#listener = listener;
    this.#socket = openTcp(endpoint, this);
    this.#outbox = new Outbox(this.#socket);
  }

  prepare(message: NumberedMessage): Template {
    return framed(message, this.#dialect.format === 'text' ? TEXT : BINARY);
  }

  add(template: Template, value: number): void {
    this.#outbox.add(template, value);
  }

  flush(): void {
    this.#outbox.flush();
  }

  destroy(): void {
    abandon(this.#socket);
  }

  connected(): void {
    const { host, port, path } = this.#endpoint;
    this.#socket.write(
      `GET ${path}${this.#dialect.query} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
  }

  read(buffer: Buffer, length: number): void {
    const at = this.#head ? this.#readHead(this.#head, buffer, length) : 0;
    if (at === length) return;
    this.#listener.reading(performance.now());
    this.#frames.read(buffer, at, length);
    this.#listener.readEnd();
  }

  closed(reason: string): void {
    this.#listener.closed(reason);
  }

  payload(buffer: Buffer, start: number, end: number): void {
    this.#listener.payload(buffer, start, end);
  }

  messageEnd(): void {
    this.#listener.messageEnd();
  }

  ping(payload: Buffer): void {
    this.#socket.write(frame(payload, PONG));
  }

  close(code: number): void {
    this.#socket.end(frame(Buffer.from([code >> 8, code & 0xff]), CLOSE));
  }

  violation(reason: string): void {
    throw new TypeError(reason);
  }

  #readHead(head: HttpHead, buffer: Buffer, length: number): number {
    const at = head.read(buffer, 0, length);
    if (!head.whole) return at;
    this.#head = undefined;
    if (head.status !== SWITCHING_PROTOCOLS) throw new TypeError(`the upgrade was answered with ${head.status}`);
    this.#listener.opened();
    return at;
  }
}
