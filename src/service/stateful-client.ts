import type { Log } from '../base/log.ts';
import type { Payload } from '../base/payload.ts';
import { ReceiveBuffer } from '../base/receive-buffer.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { CloseCategory } from '../metering/close-category.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import { unitsOf } from '../metering/units.ts';
import { HubProtocolError } from '../protocol/hub/hub-protocol.ts';
import { MessageType } from '../protocol/hub/message.ts';
import type { RecordHead } from '../protocol/hub/record-head.ts';
import { MessageBuffer, type MessageBufferActions } from '../reconnect/message-buffer.ts';
import { ConnectionError } from '../transport/connection-error.ts';
import type { Connection, ReconnectListener } from '../transport/connection.ts';
import { isFreeType } from './free-messages.ts';
import { outgoingRecords, readHubRecord, type HubRecord } from './hub-records.ts';
import { serviceEvents } from './log-events.ts';
import type { ServiceSettings } from './options.ts';
import { recordEnds, type RecordEnds, type RecordListener } from './record-ends.ts';
import type { RecordFraming, RelayedProtocol } from './relayed-protocol.ts';

/** The hub protocol's version that has acks. */
const STATEFUL_VERSION = 2;
const NOTHING = Buffer.alloc(0);

/** A client of the service that outlives its sockets. */
export interface StatefulClientLife {
  /** Whole messages of the client are for its app server. */
  forward(messages: Buffer): void;
  /** The client can be sent more again. */
  writable(): void;
  /** Its socket is gone. */
  lost(): void;
  /** It came back. */
  resumed(): void;
  /** To end it, and tell both sides. */
  end(error: string | undefined, allowReconnect: boolean, category: CloseCategory): void;
}

export interface StatefulClientParts {
  readonly connection: Connection;
  readonly relayed: RelayedProtocol;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** What is logged with everything. */
  readonly fields: { readonly hub: string; readonly connectionId: string };
  readonly meter: HubMeter;
  /** Bytes that may wait for it. */
  readonly mostQueued: number;
  /** Where somebody wants to know which messages are billed. */
  readonly listener: RecordListener | undefined;
  readonly life: StatefulClientLife;
}

/**
 * Stateful reconnect for one client, which is all between the client and the service: messages of both sides are told apart and counted, acks
 * and sequences stay here, and what the client missed is kept. The app server knows nothing of it.
 */
export class StatefulClient implements ReconnectListener, MessageBufferActions {
  readonly #parts: StatefulClientParts;
  readonly #framing: RecordFraming;
  readonly #buffer: MessageBuffer;
  readonly #record: HubRecord = { end: 0, head: undefined };
  #ends: RecordEnds;
  /** The beginning of a message of the client. */
  #half: ReceiveBuffer | undefined;
  /** The close message of the app server. */
  #farewell: Payload | undefined;
  #away = false;
  #over = false;
  /** The app server has enough for now. */
  #held = false;
  /** It has sent more than it may: not even its acks are read for now. */
  #throttled = false;
  /** The client's acks are needed. */
  #readOn = false;

  private constructor(parts: StatefulClientParts, framing: RecordFraming) {
    this.#parts = parts;
    this.#framing = framing;
    this.#ends = recordEnds(framing, { bills: false });
    const { connection, relayed, wheel, settings } = parts;
    this.#buffer = new MessageBuffer({ connection, protocol: relayed.protocol, wheel, size: settings.statefulReconnectBufferSize }, this);
    // No ack may come before the answer to the handshake.
    this.#buffer.lost();
  }

  /**
   * Undefined for a client that has not negotiated it, and where its protocol can't count messages: its connection ends with its socket.
   *
   * @param version - of the hub protocol, that it asked for
   */
  static of(parts: StatefulClientParts, version: number): StatefulClient | undefined {
    const { connection, relayed, fields, log } = parts;
    if (connection.negotiatedReconnect !== true) return undefined;
    if (version >= STATEFUL_VERSION && relayed.framing !== undefined) return new StatefulClient(parts, relayed.framing);
    log(serviceEvents.reconnectDisabled, { ...fields, protocol: relayed.protocol.name, version });
    return undefined;
  }

  /** The handshake was answered: from now on the client may come back. */
  begin(): void {
    const limits = this.#parts.connection.enableReconnect(this);
    if (limits === undefined) return;
    const { mostQueued } = this.#parts;
    this.#buffer.limits = { ...limits, maximumQueuedBytes: Math.min(limits.maximumQueuedBytes, mostQueued) };
    this.#buffer.begin();
  }

  /** Takes bytes of the client, and forwards the messages in them that are new. */
  take(chunk: Buffer): void {
    const { records } = this.#ends;
    const end = this.#ends.take(chunk);
    try {
      if (end > 0) this.#takeWhole(this.#half?.join(chunk.subarray(0, end)) ?? chunk.subarray(0, end));
      if (end > 0) this.#half = undefined;
      this.#keep(chunk.subarray(end));
    } catch (error) {
      if (!(error instanceof HubProtocolError)) throw error;
      this.#parts.life.end(error.message, false, 'BadRequest');
    }
    this.#parts.meter.came(this.#ends.records - records, 0);
  }

  /** Takes what is for the client. Returns false when it should not be sent more before it has taken that. */
  send(payload: Payload): boolean {
    let taken = true;
    for (const record of outgoingRecords(payload, this.#framing)) {
      if (this.#over) break;
      if (record.part === 'counted') taken = this.#buffer.write(record.payload);
      else if (record.part === 'farewell') this.#takeLeave(record.payload);
      else this.#parts.connection.write(record.payload);
    }
    return taken || this.#over;
  }

  /** The socket takes more again. */
  drained(): void {
    this.#buffer.drained();
  }

  /** The app server has enough for now; what the client sends is left where it is, unless its acks are needed. */
  hold(): void {
    this.#held = true;
    this.#holdOrRead();
  }

  release(): void {
    this.#held = false;
    this.#holdOrRead();
  }

  throttle(on: boolean): void {
    this.#throttled = on;
    this.#holdOrRead();
  }

  /** Nothing more is to be sent: what waits for the socket leaves now. */
  finish(): void {
    this.#over = true;
    this.#buffer.finish();
  }

  /** The client has ended. */
  stop(): void {
    this.#over = true;
    this.#half = undefined;
    this.#buffer.stop();
  }

  // ReconnectListener

  lost(): void {
    this.#away = true;
    this.#buffer.lost();
    // What its app server took leave with may not have reached it, and there is nothing to come back for.
    if (this.#farewell !== undefined) this.#parts.connection.close();
    else this.#parts.life.lost();
  }

  reconnected(): void {
    this.#away = false;
    // The client sends again what was not counted, and so what the last socket left half.
    this.#half = undefined;
    this.#ends = recordEnds(this.#framing, { bills: false });
    if (this.#farewell !== undefined) {
      this.#parts.connection.write(this.#farewell);
      this.#parts.connection.close();
      return;
    }
    this.#parts.life.resumed();
    this.#buffer.reconnected();
  }

  // MessageBufferActions

  get strained(): boolean {
    return this.#held;
  }

  writable(): void {
    this.#parts.life.writable();
  }

  awaitsAcks(): void {
    this.#readOn = true;
    this.#holdOrRead();
  }

  acksCame(): void {
    this.#readOn = false;
    this.#holdOrRead();
  }

  overflowed(bytes: number, limit: number): void {
    const { connection, fields, log } = this.#parts;
    this.#over = true;
    log(serviceEvents.bufferOverflowed, { ...fields, bytes, limit });
    connection.abort(
      new ConnectionError('slow', `The client left ${bytes} bytes unacknowledged, and the limit is ${limit} (maximumQueuedBytes).`),
    );
  }

  acknowledgesNothing(timeout: number): void {
    const { fields, life, log } = this.#parts;
    log(serviceEvents.notAcknowledged, { ...fields, timeout });
    life.end(`The client acknowledged nothing of what it was sent for ${timeout} ms (transportSendTimeout).`, true, 'SlowClient');
  }

  #holdOrRead(): void {
    const { connection } = this.#parts;
    if (this.#throttled || (this.#held && !this.#readOn)) connection.pause();
    else connection.resume();
  }

  /** @throws HubProtocolError for an ack or a sequence that can't be */
  #takeWhole(bytes: Buffer): void {
    const record = this.#record;
    /** Where what is to be forwarded begins, and what has been looked at ends. */
    let start = 0;
    let end = 0;
    try {
      while (end < bytes.length && !this.#over && readHubRecord(this.#framing, bytes, end, record)) {
        const isForwarded = this.#isForwarded(record.head, record.end - end);
        if (isForwarded) this.#bill(record.head, bytes, end, record.end);
        else {
          this.#forward(bytes.subarray(start, end));
          start = record.end;
        }
        end = record.end;
      }
    } finally {
      this.#forward(bytes.subarray(start, end));
    }
  }

  #bill(head: RecordHead | undefined, bytes: Buffer, start: number, end: number): void {
    if (!this.#parts.settings.metering.messages || isFreeType(head?.type)) return;
    const units = unitsOf(end - start);
    this.#parts.meter.came(0, units);
    this.#parts.listener?.billed(units, bytes, start, end);
  }

  #forward(messages: Buffer): void {
    if (messages.length > 0) this.#parts.life.forward(messages);
  }

  #isForwarded(head: RecordHead | undefined, byteLength: number): boolean {
    if (head === undefined) return true;
    const { type, sequenceId } = head;
    if (sequenceId === undefined && (type === MessageType.ack || type === MessageType.sequence)) {
      throw new HubProtocolError("Expected 'sequenceId' to be a whole number.");
    }
    return this.#buffer.take(type, sequenceId ?? 0, byteLength);
  }

  /** @throws HubProtocolError past the limit */
  #keep(rest: Buffer): void {
    if (rest.length === 0 || this.#over) return;
    const { maximumStatefulMessageSize: limit } = this.#parts.settings;
    if (this.#half === undefined) this.#half = new ReceiveBuffer(rest);
    else this.#half.join(rest);
    if (this.#half.join(NOTHING).length > limit) {
      throw new HubProtocolError(`A message is larger than ${limit} bytes (maximumStatefulMessageSize).`);
    }
  }

  #takeLeave(payload: Payload): void {
    this.#farewell = payload;
    this.finish();
    this.#parts.connection.write(payload);
    if (this.#away) this.#parts.connection.close();
  }
}
