import type { ServerResponse } from 'node:http';
import { Timer } from '../base/timer-wheel.ts';
import type { Batch } from './batch.ts';
import type { TransferFormat } from './connection.ts';
import { EVENT_STREAM_START, eventBytes, eventText } from './event-stream.ts';
import type { EndpointContext } from './options.ts';
import type { SendQueue } from './send-queue.ts';
import type { TransportConnection } from './transport-connection.ts';
import type { Wire } from './wire.ts';

const HEAD = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache,no-store',
  Pragma: 'no-cache',
  'Content-Encoding': 'identity',
};

/** An event stream, down which everything goes; what the client has to say comes in POSTs. */
export class ServerSentEventsWire implements Wire {
  readonly transport = 'serverSentEvents';
  readonly binary = false;
  readonly #context: EndpointContext;
  readonly #response: ServerResponse;
  readonly #sends: SendQueue;
  #over = false;

  constructor(context: EndpointContext, response: ServerResponse, sends: SendQueue) {
    this.#context = context;
    this.#response = response;
    this.#sends = sends;
  }

  get queued(): number {
    return this.#response.writableLength;
  }

  /** Begins the stream for `connection`. */
  start(connection: TransportConnection): void {
    const over = (): void => this.#end(connection);
    this.#response.on('error', () => {});
    this.#response.once('close', over);
    // Behind another answer that has not left it has no socket yet, and is not told of the end of that one.
    if (this.#response.socket === null) this.#response.req.socket.once('close', over);
    // Nothing may come for longer than any time-out of the server's sockets.
    this.#response.socket?.setTimeout(0);
    this.#response.writeHead(200, HEAD);
    this.#response.write(EVENT_STREAM_START);
  }

  send(batch: Batch, _format: TransferFormat, taken: (() => void) | undefined): void {
    const { text } = batch;
    this.#response.write(text === undefined ? batch.framed(eventBytes) : eventText(text), taken);
  }

  hold(): void {
    // A POST finds out by itself.
  }

  release(): void {
    this.#sends.proceed();
  }

  watch(patience: number, stalled: () => void): void {
    // Node's own time-out sees also what the system takes of a write that is under way.
    this.#response.setTimeout(patience, stalled);
  }

  unwatch(): void {
    this.#response.setTimeout(0);
    this.#response.removeAllListeners('timeout');
  }

  probe(): boolean {
    return false;
  }

  end(): void {
    if (this.#response.destroyed) return;
    const timer = new Timer(() => this.cut());
    this.#context.wheel.arm(timer, this.#context.options.disconnectTimeout);
    this.#response.once('close', () => this.#context.wheel.cancel(timer));
    this.#response.end();
  }

  cut(): void {
    if (this.#over) return;
    if (this.#response.socket === null) this.#response.req.socket.destroy();
    else this.#response.destroy();
  }

  #end(connection: TransportConnection): void {
    if (this.#over) return;
    this.#over = true;
    connection.ended();
    connection.gone();
  }
}
