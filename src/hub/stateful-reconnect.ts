import type { Log } from '../base/log.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Connection, ReconnectListener } from '../transport/connection.ts';
import type { ConnectionLife } from './connection-caller.ts';
import type { KeepAlive } from './keep-alive.ts';
import { hubEvents } from './log-events.ts';
import { MessageBuffer, type MessageBufferActions } from '../reconnect/message-buffer.ts';

/** The hub protocol's version that has acks. */
const STATEFUL_VERSION = 2;

/** A hub connection that outlives its sockets. */
export interface StatefulLife extends ConnectionLife {
  /** What was received of a message that did not arrive whole is dropped. */
  startOver(): void;
  /** The client can be sent more again. */
  writable(): void;
  /** It must be read, whatever else waits to be processed. */
  asked(): void;
  /** It need not be read like that any more. */
  answered(): void;
  /** Whether more waits to be processed than should. */
  readonly strained: boolean;
}

export interface StatefulParts {
  readonly connection: Connection;
  readonly protocol: HubProtocol;
  /** That the client asked for. */
  readonly version: number;
  readonly keepAlive: KeepAlive;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** What is logged with everything. */
  readonly fields: { readonly hub: string; readonly connectionId: string };
  readonly life: StatefulLife;
}

/** What stateful reconnect does about its events: those of the sockets, and those of the buffer. */
export class StatefulReconnect implements ReconnectListener, MessageBufferActions {
  readonly buffer: MessageBuffer;
  readonly #parts: StatefulParts;

  private constructor(parts: StatefulParts, size: number) {
    this.#parts = parts;
    const { connection, protocol, wheel } = parts;
    this.buffer = new MessageBuffer({ connection, protocol, wheel, size }, this);
  }

  /**
   * Lets a connection outlive its sockets, where the client negotiated it and its protocol can count messages.
   *
   * @param size - bytes that the client may leave unacknowledged before streams to it wait
   */
  static enable(parts: StatefulParts, size: number): StatefulReconnect | undefined {
    const { fields, log, protocol, version } = parts;
    if (version < STATEFUL_VERSION) {
      log(hubEvents.reconnectDisabled, { ...fields, protocol: protocol.name, version });
      return undefined;
    }
    const stateful = new StatefulReconnect(parts, size);
    const limits = parts.connection.enableReconnect(stateful);
    if (limits === undefined) return undefined;
    stateful.buffer.limits = limits;
    return stateful;
  }

  // ReconnectListener

  lost(): void {
    this.#parts.keepAlive.stop();
    this.buffer.lost();
  }

  reconnected(): void {
    // The client repeats what was not counted, and so what the last socket left half.
    this.#parts.life.startOver();
    this.#parts.keepAlive.restart();
    this.buffer.reconnected();
  }

  // MessageBufferActions

  get strained(): boolean {
    return this.#parts.life.strained;
  }

  writable(): void {
    this.#parts.life.writable();
  }

  awaitsAcks(): void {
    this.#parts.life.asked();
  }

  acksCame(): void {
    this.#parts.life.answered();
  }

  overflowed(bytes: number, limit: number): void {
    const { connection, fields, log } = this.#parts;
    log(hubEvents.bufferOverflowed, { ...fields, bytes, limit });
    connection.abort(new Error(`The client left ${bytes} bytes unacknowledged, and the limit is ${limit} (maximumQueuedBytes).`));
  }

  acknowledgesNothing(timeout: number): void {
    const { fields, life, log } = this.#parts;
    log(hubEvents.notAcknowledged, { ...fields, timeout });
    life.end(new Error(`The client acknowledged nothing of what it was sent for ${timeout} ms (transportSendTimeout).`), true);
  }
}
