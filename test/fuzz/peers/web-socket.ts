import { FrameReader } from '../../../bench/load/frame-reader.ts';
import { CLOSE, frame, PONG } from '../../../bench/load/frame-writer.ts';
import { Exchange, requestBytes, type Connect } from './exchange.ts';

export const upgradeFields = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Characters that are enough to know the answer to a handshake. */
const HEAD = 3;

/** A WebSocket, from its upgrade on. */
export class WebSocketPeer {
  readonly exchange: Exchange;
  /** The server's close frame has come. */
  closed = false;
  /** What came first, as far as it is looked at. */
  head = '';
  /** What no server may send, if it did. */
  violation: string | undefined;

  /** @param received - is given the payloads of messages, piece by piece */
  constructor(connect: Connect, target: string, fields: readonly string[], received: (chunk: Buffer) => void) {
    const frames = new FrameReader({
      payload: (buffer, start, end) => {
        const chunk = buffer.subarray(start, end);
        if (this.head.length < HEAD) this.head += chunk.toString('latin1', 0, HEAD);
        received(chunk);
      },
      messageEnd: () => {},
      ping: (payload) => this.exchange.link.write(frame(payload, PONG)),
      close: () => this.#close(),
      violation: (reason) => (this.violation = reason),
    });
    this.exchange = new Exchange(connect, requestBytes({ method: 'GET', target, fields: [...upgradeFields, ...fields] }));
    this.exchange.onBody = (chunk) => {
      if (this.exchange.status === 101) frames.read(chunk, 0, chunk.length);
    };
  }

  send(payload: Buffer, opcode: number): void {
    this.exchange.link.write(frame(payload, opcode));
  }

  #close(): void {
    this.closed = true;
    this.exchange.link.write(frame(Buffer.of(0x03, 0xe8), CLOSE));
  }
}
