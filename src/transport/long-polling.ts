import type { ServerResponse } from 'node:http';
import { Timer } from '../base/timer-wheel.ts';
import { answers, noCache, respond } from './answers.ts';
import type { Batch } from './batch.ts';
import { ConnectionError } from './connection-error.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext } from './options.ts';
import type { SendQueue } from './send-queue.ts';
import type { TransportConnection } from './transport-connection.ts';
import type { Wire } from './wire.ts';

/** An answer that holds data and has not left yet. */
interface Delivery {
  readonly response: ServerResponse;
  readonly body: Buffer;
}

/** Whose polls they are. */
export interface PollingSession {
  readonly sends: SendQueue;
  /** Milliseconds that a client may be away between two polls. */
  readonly pollingTimeout: number;
}

/**
 * Polls: one at a time waits for data and takes all there is. Between two of them the client is away, for a limited time. An
 * ended connection waits for one more poll, which 204 tells of the end.
 */
export class LongPollingWire implements Wire {
  readonly transport = 'longPolling';
  readonly binary = true;
  readonly #context: EndpointContext;
  readonly #session: PollingSession;
  /** Runs while a poll waits, and while none does. */
  readonly #timer = new Timer(() => this.#timedOut());
  #connection: TransportConnection | undefined;
  #poll: ServerResponse | undefined;
  /** What listens to the socket of a poll that waits behind another answer. */
  #goneBehind: (() => void) | undefined;
  #delivery: Delivery | undefined;
  #waiting: Buffer[] = [];
  #queued = 0;
  #taken: (() => void) | undefined;
  #ended = false;
  #gone = false;

  constructor(context: EndpointContext, session: PollingSession) {
    this.#context = context;
    this.#session = session;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Whether only the end is left to be told. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Answers the first poll, which says no more than that `connection` has begun. */
  start(connection: TransportConnection, response: ServerResponse): void {
    this.#connection = connection;
    respond(response, answers.polled);
    this.#clientIsAway();
  }

  poll(response: ServerResponse): void {
    this.#connection?.touch();
    this.#supersede();
    response.socket?.setTimeout(0);
    if (this.#waiting.length > 0) this.#deliver(response);
    else if (this.#ended) this.#tellEnd(response);
    else this.#wait(response);
  }

  /** The client ends the connection. A poll that waits is answered. */
  delete(): void {
    this.#connection?.left();
    this.cut();
    this.#finish();
  }

  /** Gives up an ended connection that is not polled any more in less than the usual time. */
  hurry(time: number): void {
    if (this.#ended && this.#timer.armed) this.#context.wheel.arm(this.#timer, Math.min(time, this.#session.pollingTimeout));
  }

  send(batch: Batch, _format: unknown, taken: (() => void) | undefined): void {
    const bytes = batch.join();
    this.#waiting.push(bytes);
    this.#queued += bytes.length;
    this.#taken = taken ?? this.#taken;
    const poll = this.#takePoll();
    if (poll !== undefined) this.#deliver(poll);
  }

  hold(): void {
    // A POST finds out by itself.
  }

  release(): void {
    this.#session.sends.proceed();
  }

  watch(): void {
    // A client is away between two polls, and has a time-out for that.
  }

  unwatch(): void {
    // Nothing is watched.
  }

  probe(): boolean {
    return false;
  }

  end(): void {
    this.#ended = true;
    const poll = this.#takePoll();
    if (poll !== undefined) this.#tellEnd(poll);
  }

  cut(): void {
    this.#waiting = [];
    this.#queued = this.#delivery?.body.length ?? 0;
    this.end();
  }

  #wait(response: ServerResponse): void {
    this.#poll = response;
    this.#context.wheel.arm(this.#timer, this.#context.options.longPolling.pollTimeout);
    const gone = (): void => {
      if (this.#poll !== response) return;
      this.#takePoll();
      this.#clientIsAway();
    };
    response.once('close', gone);
    // Behind another answer that has not left it has no socket yet, and is not told of the end of that one.
    if (response.socket !== null) return;
    this.#goneBehind = gone;
    response.req.socket.once('close', gone);
  }

  /** The poll that waits, if one does: it waits no more. */
  #takePoll(): ServerResponse | undefined {
    const poll = this.#poll;
    this.#poll = undefined;
    if (this.#goneBehind !== undefined) poll?.req.socket.off('close', this.#goneBehind);
    this.#goneBehind = undefined;
    return poll;
  }

  /** A poll that another one follows is stuck: it is told to stop, and data that did not leave by it goes by the next. */
  #supersede(): void {
    const stuck = this.#takePoll();
    if (stuck !== undefined) respond(stuck, answers.noMorePolls);
    const delivery = this.#delivery;
    if (delivery !== undefined) {
      this.#takeBack(delivery);
      delivery.response.destroy();
    }
  }

  #deliver(response: ServerResponse): void {
    const body = this.#waiting.length === 1 && this.#waiting[0] !== undefined ? this.#waiting[0] : Buffer.concat(this.#waiting);
    this.#waiting = [];
    const delivery = { response, body };
    this.#delivery = delivery;
    response.once('close', () => this.#takeBack(delivery));
    if (!response.headersSent && !response.destroyed) {
      response.writeHead(200, { ...noCache, 'Content-Type': 'application/octet-stream', 'Content-Length': body.length });
      response.end(body, () => this.#delivered(delivery));
    }
    // It has as much time to read this as to come back.
    this.#clientIsAway();
  }

  #delivered(delivery: Delivery): void {
    if (this.#delivery !== delivery) return;
    this.#delivery = undefined;
    this.#queued -= delivery.body.length;
    if (this.#poll === undefined) this.#clientIsAway();
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  /** The client can't have read a body that did not leave whole: it is sent again. */
  #takeBack(delivery: Delivery): void {
    if (this.#delivery !== delivery) return;
    this.#delivery = undefined;
    this.#waiting.unshift(delivery.body);
  }

  #tellEnd(response: ServerResponse): void {
    respond(response, answers.noMorePolls);
    this.#finish();
  }

  #clientIsAway(): void {
    if (!this.#gone) this.#context.wheel.arm(this.#timer, this.#session.pollingTimeout);
  }

  #timedOut(): void {
    const poll = this.#takePoll();
    if (poll !== undefined) {
      respond(poll, answers.pollTimedOut);
      this.#clientIsAway();
      return;
    }
    if (!this.#ended) {
      const connection = this.#connection as TransportConnection;
      this.#context.log(transportEvents.stoppedPolling, { connectionId: connection.id });
      connection.telemetry?.timedOut();
      connection.ended(new ConnectionError('silent', 'The client stopped polling.'));
    }
    this.#delivery?.response.destroy();
    this.#finish();
  }

  #finish(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#ended = true;
    this.#context.wheel.cancel(this.#timer);
    this.#connection?.gone();
  }
}
