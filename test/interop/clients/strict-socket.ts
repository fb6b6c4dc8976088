import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import { HubMessageReader, type ProtocolName } from '../recorded/payload.ts';

/** Milliseconds for what a server should do at once. */
const patience = 10_000;
const separator = '\x1e';

export interface Frame {
  readonly binary: boolean;
  readonly bytes: Buffer;
}

export interface Sending {
  /** Whether it goes in a binary frame. Default: as a client would send it. */
  readonly binary?: boolean;
  /** Whether the WebSocket message ends here. Default true. */
  readonly fin?: boolean;
}

/** Hub messages in JSON, as a client puts them into one frame or body. */
export const json = (...messages: readonly (object | string)[]): string =>
  messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)) + separator).join('');

export const handshake = (protocol: ProtocolName): string => json({ protocol, version: 1 });

/** The hub messages that a frame, an event or a body consists of. Throws unless they are whole: most clients can't put parts together. */
export function wholeMessages(bytes: Uint8Array, protocol: ProtocolName): unknown[] {
  const reader = new HubMessageReader(protocol, true);
  const messages = reader.read(bytes);
  if (reader.rest > 0) throw new Error(`The last message is not whole: ${Buffer.from(bytes).toString()}`);
  return messages;
}

/** A bare WebSocket that sends what it is told to, and takes whole hub messages only, as clients do that can't put parts together. */
export class StrictSocket {
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  readonly #messages: unknown[] = [];
  #protocol: ProtocolName = 'json';
  #wake: () => void = () => {};
  #code: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (bytes, binary) => {
      this.#frames.push({ binary, bytes: bytes as Buffer });
      this.#wake();
    });
    socket.on('close', (code) => {
      this.#code = code;
      this.#wake();
    });
  }

  /** @param url - an http address */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<StrictSocket> {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers, perMessageDeflate: false });
    const strict = new StrictSocket(socket);
    await once(socket, 'open');
    return strict;
  }

  /** The same, with the handshake done. */
  static async connect(url: string, protocol: ProtocolName = 'json', sending: Sending = {}): Promise<StrictSocket> {
    const socket = await StrictSocket.open(url);
    await socket.handshake(protocol, sending);
    return socket;
  }

  async handshake(protocol: ProtocolName, { binary = protocol === 'messagepack' }: Sending = {}): Promise<Frame> {
    this.send(handshake(protocol), { binary });
    const frame = await this.frame();
    const answer = frame.bytes.toString();
    if (answer !== json({})) throw new Error(`The handshake was answered by ${answer}`);
    this.#protocol = protocol;
    return frame;
  }

  send(data: string | Buffer, { binary = typeof data !== 'string', fin = true }: Sending = {}): void {
    this.#socket.send(data, { binary, fin });
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#socket.terminate();
  }

  /** The next WebSocket message. */
  async frame(): Promise<Frame> {
    await this.#until(() => this.#frames.length > 0 || this.#code !== undefined, 'a frame');
    const frame = this.#frames.shift();
    if (frame === undefined) throw new Error(`The connection was closed with ${this.#code}`);
    return frame;
  }

  /** The next hub messages. */
  async messages(count: number): Promise<unknown[]> {
    while (this.#messages.length < count) this.#messages.push(...wholeMessages((await this.frame()).bytes, this.#protocol));
    return this.#messages.splice(0, count);
  }

  /** The hub messages up to one like this, in which pings may stand. */
  async through(last: object): Promise<unknown[]> {
    const messages: unknown[] = [];
    do messages.push(...(await this.messages(1)));
    while (!isDeepStrictEqual(messages.at(-1), last));
    return messages;
  }

  /** Waits for the end; returns what came before, and the close code, 1006 where there was none. */
  async end(): Promise<{ readonly messages: readonly unknown[]; readonly code: number }> {
    await this.#until(() => this.#code !== undefined, 'the end');
    const last = this.#frames.splice(0).flatMap(({ bytes }) => wholeMessages(bytes, this.#protocol));
    return { messages: [...this.#messages.splice(0), ...last], code: this.#code ?? 0 };
  }

  async #until(ready: () => boolean, wanted: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Waited ${patience} ms for ${wanted}`)), patience);
    });
    try {
      while (!ready()) await Promise.race([late, new Promise<void>((resolve) => (this.#wake = resolve))]);
    } finally {
      clearTimeout(timer);
    }
  }
}
