import type { Payload } from '../base/payload.ts';
import { Alarm, Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { HubProtocolError, type HubProtocol, type MessageSink } from '../protocol/hub/hub-protocol.ts';
import { MessageType, type BindingFailureMessage } from '../protocol/hub/message.ts';
import type { Connection, QueueLimits } from '../transport/connection.ts';
import { ReceivedMessages } from './received-messages.ts';
import type { MessageWriter } from './message-writer.ts';
import { SentMessages } from './sent-messages.ts';

/** Milliseconds within which a client hears that its messages came. */
const ACKNOWLEDGE_WITHIN = 1_000;
/** Bytes of messages that are acknowledged at once: a third of what the official clients keep before they wait. */
const ACKNOWLEDGE_AFTER = 32_768;

/** What is done about a client that does not take what it is sent. */
export interface MessageBufferActions {
  /** More may be sent to the client again. */
  writable(): void;
  /** Nothing goes on without the client's acks: it must be read, whatever it sends before them. */
  awaitsAcks(): void;
  /** It need not be read like that any more. */
  acksCame(): void;
  /** Whether more of what it sent waits to be processed than should. */
  readonly strained: boolean;
  /** It left so many bytes unacknowledged that no more can be kept for it. */
  overflowed(bytes: number, limit: number): void;
  /** It is there, and acknowledges nothing for so many milliseconds. */
  acknowledgesNothing(timeout: number): void;
}

export interface MessageBufferParts {
  readonly connection: Connection;
  readonly protocol: HubProtocol;
  readonly wheel: TimerWheel;
  /** Bytes above which `write` returns false. */
  readonly size: number;
}

/**
 * Both ends of stateful reconnect for one client: numbers the messages that count and keeps them until they are acknowledged, sends them
 * again on a new socket, and drops what the client repeats. Pings, acks, sequence and close messages don't count and don't pass here.
 * It is itself the alarm that the next ack waits for.
 */
export class MessageBuffer extends Alarm implements MessageWriter {
  /** Known once the connection agrees to outlive its socket. */
  limits: QueueLimits = { maximumQueuedBytes: 0, transportSendTimeout: 0 };
  readonly #parts: MessageBufferParts;
  readonly #actions: MessageBufferActions;
  readonly #sent = new SentMessages();
  readonly #received = new ReceivedMessages();
  /** Bytes received and not acknowledged. */
  #unacknowledged = 0;
  #away = false;
  /** The socket is over its mark: what is written waits here. */
  #blocked = false;
  /** Somebody was told to wait for `writable`. */
  #awaited = false;
  /** The client is read for its acks. */
  #awaitsAcks = false;
  #over = false;
  /** Runs while the client is there and leaves more than it should unacknowledged. */
  #stall: Timer | undefined;

  constructor(parts: MessageBufferParts, actions: MessageBufferActions) {
    super();
    this.#parts = parts;
    this.#actions = actions;
  }

  write(message: Payload): boolean {
    if (this.#over) return false;
    const { maximumQueuedBytes } = this.limits;
    if (this.#sent.bytes > maximumQueuedBytes) {
      this.stop();
      this.#actions.overflowed(this.#sent.bytes, maximumQueuedBytes);
      return false;
    }
    this.#sent.add(message);
    this.#send();
    if (this.#mayWrite()) return true;
    this.#watch();
    if (!this.#awaited) this.#await();
    return false;
  }

  /** Wraps who takes the client's messages: it gets those that are new, and none that are about the counting. */
  filter(take: MessageSink): MessageSink {
    return (message, byteLength, bytes, end): boolean => {
      const counts = message.type === MessageType.ack || message.type === MessageType.sequence;
      if (this.take(message.type, counts ? message.sequenceId : 0, byteLength)) return take(message, byteLength, bytes, end);
      return message.type !== MessageType.ack || !this.#over;
    };
  }

  /**
   * The client sent a message. Returns whether it is for somebody: it is new, and not about the counting.
   *
   * @param sequenceId - of an ack or a sequence message; of others it is not looked at
   * @param byteLength - with its framing
   * @throws HubProtocolError for a number that can't be
   */
  take(type: number | BindingFailureMessage['type'], sequenceId: number, byteLength: number): boolean {
    switch (type) {
      case MessageType.ack:
        this.#acknowledged(sequenceId);
        return false;
      case MessageType.sequence:
        this.#received.restart(sequenceId);
        return false;
      case MessageType.invocation:
      case MessageType.streamItem:
      case MessageType.completion:
      case MessageType.streamInvocation:
      case MessageType.cancelInvocation:
      case 'bindingFailure':
        break;
      default:
        return true;
    }
    const isNew = this.#received.take();
    this.#count(byteLength);
    return isNew;
  }

  /** The socket takes more again. */
  drained(): void {
    this.#blocked = false;
    this.#send();
    this.#release();
  }

  /** The socket is gone. */
  lost(): void {
    this.#away = true;
    this.#blocked = false;
    this.#parts.wheel.cancel(this);
    this.#endWatch();
    // Who waited for the socket may fill the buffer.
    this.#release();
  }

  /** There is another socket: the client hears which message comes first, and all that it has not acknowledged. */
  reconnected(): void {
    this.#sent.rewind();
    this.#tell(MessageType.sequence, this.#sent.firstId);
    this.begin();
  }

  /** The client may be sent messages and acks, after `lost` had them wait for it from the beginning. */
  begin(): void {
    this.#away = false;
    this.#blocked = false;
    this.#send();
    // An ack may have been lost with the last socket.
    if (this.#received.latest > 0) this.#parts.wheel.arm(this, ACKNOWLEDGE_WITHIN);
    this.#watch();
    this.#release();
  }

  /** Nothing more is to be sent: what waits here for its socket leaves now. */
  finish(): void {
    while (!this.#away && !this.#over) {
      const message = this.#sent.next();
      if (message === undefined) break;
      this.#parts.connection.write(message);
    }
    this.stop();
  }

  /** Takes and sends nothing any more. */
  stop(): void {
    this.#over = true;
    this.#parts.wheel.cancel(this);
    this.#endWatch();
  }

  /** Acknowledges all that has come. */
  fire(): void {
    if (this.#awaitsAcks && this.#actions.strained) {
      // Read for the sake of its acks, a client is not to send ever more: the official ones stop until they are acknowledged.
      this.#parts.wheel.arm(this, ACKNOWLEDGE_WITHIN);
      return;
    }
    this.#parts.wheel.cancel(this);
    this.#unacknowledged = 0;
    this.#tell(MessageType.ack, this.#received.latest);
  }

  #send(): void {
    while (!this.#away && !this.#blocked) {
      const message = this.#sent.next();
      if (message === undefined) return;
      this.#blocked = !this.#parts.connection.write(message);
    }
  }

  #tell(type: typeof MessageType.ack | typeof MessageType.sequence, sequenceId: number): void {
    const { connection, protocol } = this.#parts;
    connection.write(protocol.write({ type, sequenceId }));
  }

  #count(byteLength: number): void {
    this.#unacknowledged += byteLength;
    if (this.#away) return;
    if (this.#unacknowledged >= ACKNOWLEDGE_AFTER) this.fire();
    else if (!this.armed) this.#parts.wheel.arm(this, ACKNOWLEDGE_WITHIN);
  }

  /** @throws HubProtocolError for a number that was never sent */
  #acknowledged(id: number): void {
    const { firstId, lastId } = this.#sent;
    if (id > lastId) throw new HubProtocolError(`The client acknowledged message ${id}, but ${lastId} were sent.`);
    if (id < firstId) return;
    this.#sent.acknowledge(id);
    this.#endWatch();
    this.#watch();
    this.#release();
  }

  #mayWrite(): boolean {
    return this.#sent.bytes <= this.#parts.size && !this.#blocked;
  }

  #release(): void {
    if (!this.#awaited || this.#over || !this.#mayWrite()) return;
    this.#awaited = false;
    if (this.#awaitsAcks) {
      this.#awaitsAcks = false;
      this.#actions.acksCame();
    }
    this.#actions.writable();
  }

  #await(): void {
    this.#awaited = true;
    // Not inside what is being sent: reading on runs the client's calls.
    process.nextTick(() => {
      if (!this.#awaited || this.#awaitsAcks || this.#over) return;
      this.#awaitsAcks = true;
      this.#actions.awaitsAcks();
    });
  }

  /** Gives a client that has too much unacknowledged its time to acknowledge something, from now on. */
  #watch(): void {
    const { size, wheel } = this.#parts;
    const { transportSendTimeout } = this.limits;
    if (this.#sent.bytes <= size || this.#away || this.#stall?.armed === true) return;
    this.#stall ??= new Timer(() => this.#actions.acknowledgesNothing(transportSendTimeout));
    wheel.arm(this.#stall, transportSendTimeout);
  }

  #endWatch(): void {
    if (this.#stall !== undefined) this.#parts.wheel.cancel(this.#stall);
  }
}
