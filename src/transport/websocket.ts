import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Batch } from './batch.ts';
import type { TransferFormat } from './connection.ts';
import type { TransportConnection } from './transport-connection.ts';
import type { WebSocketPieces } from './websocket-pieces.ts';
import { frameHead, frameHeads, frameText, framings } from './websocket-frame.ts';
import type { Wire } from './wire.ts';

const NORMAL = 1000;
const ABNORMAL = 1006;
const TOO_BIG = 1009;

/** One for all: where it was made says nothing, and clients are cut in great numbers. */
const cut = new Error('The WebSocket was cut without a close frame.');

/** A server's end of a WebSocket, which tells its wire of what comes. */
export class ServerWebSocket extends WebSocket {
  wire: WebSocketWire | undefined = undefined;
  /** What cuts its messages, where they are read in pieces. */
  pieces: WebSocketPieces | undefined = undefined;

  /** Tells the wire instead of listeners, whose table would be a good part of what an idle connection costs. */
  override emit(event: string | symbol, ...args: readonly unknown[]): boolean {
    // The library reads no further, and must not be given more.
    if (event === 'error') this.pieces?.stop();
    if (this.wire === undefined) return super.emit(event, ...args);
    const [value] = args;
    // With the binaryType `nodebuffer`, which is the default, data is always one buffer. Whether it came as text or as binary
    // says nothing: either protocol may come in either.
    if (event === 'message') this.wire.received(value as Buffer);
    else if (event === 'pong') this.wire.answered();
    else if (event === 'error') this.wire.failed(value as Error);
    else if (event === 'close') this.wire.closed(value as number);
    return true;
  }

  /** Says no more than the reference server: 1000 without a reason, except where a message was too big to be read. */
  override close(code?: number): void {
    super.close(code === TOO_BIG ? TOO_BIG : NORMAL);
  }
}

/**
 * A WebSocket: `ws` reads and speaks the control frames, messages are framed here and written to the socket below it. That
 * makes one buffer do for all receivers of a broadcast, and one write for all that is sent in a turn.
 */
export class WebSocketWire implements Wire {
  readonly transport = 'webSockets';
  readonly binary = true;
  readonly #webSocket: ServerWebSocket;
  readonly #socket: Duplex;
  readonly #deflates: boolean;
  #connection: TransportConnection | undefined;
  #stalled: (() => void) | undefined;

  constructor(webSocket: ServerWebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#deflates = webSocket.extensions !== '';
  }

  get queued(): number {
    return this.#webSocket.bufferedAmount;
  }

  /** Begins to read for `connection`. */
  start(connection: TransportConnection): void {
    this.#connection = connection;
    this.#webSocket.wire = this;
  }

  send(batch: Batch, format: TransferFormat, taken: (() => void) | undefined): void {
    // The client's close frame may have been answered in this turn already; nothing may follow that.
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    const { text } = batch;
    if (this.#deflates) {
      // Frames written below it would overtake those that it is compressing.
      this.#webSocket.send(text ?? batch.join(), { binary: format === 'binary' }, taken);
    } else if (text !== undefined) this.#sendText(text, format, taken);
    else if (batch.shared) this.#socket.write(batch.framed(framings[format]), taken);
    else if (batch.bulky) this.#sendPieces(batch.pieces(frameHeads[format]), taken);
    else this.#socket.write(batch.gather(frameHeads[format]), taken);
  }

  hold(): void {
    this.#webSocket.pause();
  }

  release(): void {
    this.#webSocket.resume();
  }

  watch(patience: number, stalled: () => void): void {
    // Node's own time-out sees also what the system takes of a write that is under way.
    if (!(this.#socket instanceof Socket)) return;
    this.#stalled = stalled;
    this.#socket.setTimeout(patience, stalled);
  }

  unwatch(): void {
    if (this.#socket instanceof Socket && this.#stalled !== undefined) this.#socket.setTimeout(0, this.#stalled);
  }

  probe(): boolean {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return false;
    this.#webSocket.ping();
    return true;
  }

  end(): void {
    // The answer to the close frame has to be read, whatever was held back.
    this.#webSocket.resume();
    this.#webSocket.close();
  }

  cut(): void {
    this.#webSocket.terminate();
  }

  received(chunk: Buffer): void {
    this.#connection?.take(chunk);
  }

  answered(): void {
    this.#connection?.touch();
  }

  failed(error: Error): void {
    this.#connection?.failed(error);
  }

  closed(code: number): void {
    const lost = code === ABNORMAL;
    this.#connection?.ended(lost ? cut : undefined, lost);
    this.#connection?.gone();
  }

  #sendPieces(pieces: readonly Buffer[], taken: (() => void) | undefined): void {
    this.#socket.cork();
    for (const [i, piece] of pieces.entries()) this.#socket.write(piece, i === pieces.length - 1 ? taken : undefined);
    this.#socket.uncork();
  }

  #sendText(text: string, format: TransferFormat, taken: (() => void) | undefined): void {
    const length = Buffer.byteLength(text);
    if (length === text.length) this.#socket.write(frameHead(length, format) + text, 'latin1', taken);
    else this.#socket.write(frameText(text, length, format), taken);
  }
}
