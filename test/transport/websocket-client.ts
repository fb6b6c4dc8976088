import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import { onTestFinished } from 'vitest';

/** The official kind of client: `ws`. Resolves when it is open. */
export async function openWebSocket(url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false, ...options });
  onTestFinished(() => webSocket.terminate());
  await once(webSocket, 'open');
  return webSocket;
}

/** The next message. */
export async function message(webSocket: WebSocket): Promise<{ readonly text: string; readonly binary: boolean }> {
  const [data, binary] = (await once(webSocket, 'message')) as [Buffer, boolean];
  return { text: data.toString(), binary };
}

/** Resolves with code and reason of the peer's close frame. */
export async function closing(webSocket: WebSocket): Promise<readonly [code: number, reason: string]> {
  const [code, reason] = (await once(webSocket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
}

/** A TCP connection, of which everything that comes is kept. */
export class RawSocket {
  readonly socket: Socket;
  bytes = Buffer.alloc(0);
  ended = false;
  #changed = (): void => {};

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.#changed();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.ended = true;
      this.#changed();
    });
    onTestFinished(() => void this.socket.destroy());
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Resolves when `reached` holds, or the server has ended. */
  async until(reached: (raw: this) => boolean): Promise<this> {
    while (!reached(this) && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this;
  }

  /** Resolves with everything, when the server has ended. */
  async end(): Promise<string> {
    await this.until(() => false);
    return this.text;
  }
}

export const handshakeFields = [
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** A request head of lines. */
export const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

/** A frame of a client, masked with zeros. */
export function clientFrame(opcode: number, payload: string | Buffer, fin = true): Buffer {
  const bytes = Buffer.from(payload);
  const length = bytes.length < 126 ? [0x80 | bytes.length] : [0xfe, bytes.length >>> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, ...length, 0, 0, 0, 0]), bytes]);
}
