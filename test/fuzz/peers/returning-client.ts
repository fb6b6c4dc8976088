import { BINARY, frame, TEXT } from '../../../bench/load/frame-writer.ts';
import { MessageType, type HubMessage, type HubProtocol, type ReceivedMessage } from 'signalbox/protocol';
import { expectThat } from '../same.ts';
import type { Connect } from './exchange.ts';
import { WebSocketPeer } from './web-socket.ts';

const ACCEPTED = Buffer.from('{}\u001e');

/** A client with stateful reconnect that keeps to the rules, whatever becomes of its sockets, and sees to it that the server does. */
export class ReturningClient {
  /** What came and had not come before, in order. */
  readonly received: ReceivedMessage[] = [];
  /** The server's close message. */
  farewell: ReceivedMessage | undefined;
  readonly #connect: Connect;
  readonly #target: string;
  readonly #protocol: HubProtocol;
  #peer: WebSocketPeer | undefined;
  #unread: Buffer = Buffer.alloc(0);
  /** The answer to the handshake has not come. */
  #fresh = true;
  /** On a socket to which it came back: its number of the first message has not come. */
  #unnumbered = false;
  /** Messages that count and are not acknowledged, and the number of the first. */
  readonly #kept: Buffer[] = [];
  #first = 1;
  #latest = 0;
  #number = 1;
  /** What is under way by the socket before. */
  #late: (() => void) | undefined;

  constructor(connect: Connect, target: string, protocol: HubProtocol) {
    this.#connect = connect;
    this.#target = target;
    this.#protocol = protocol;
  }

  /** The number of the last message that came. */
  get latest(): number {
    return this.#latest;
  }

  /** The number of the last message that was sent. */
  get last(): number {
    return this.#first + this.#kept.length - 1;
  }

  /** The server's answer to the socket; 0 as long as there is none. */
  get status(): number {
    return this.#peer?.exchange.status ?? 0;
  }

  /** Whether the server has acknowledged all that was sent. */
  get acknowledged(): boolean {
    return this.#kept.length === 0;
  }

  /** Whether the server has ended the socket. */
  get closed(): boolean {
    return this.#peer?.closed === true;
  }

  /** Opens a socket, whatever becomes of the one before. */
  open(): void {
    this.#unread = Buffer.alloc(0);
    this.#unnumbered = !this.#fresh;
    const peer: WebSocketPeer = new WebSocketPeer(this.#connect, this.#target, [], (chunk) => {
      if (this.#peer === peer) this.#read(chunk);
    });
    this.#peer = peer;
  }

  shakeHands(): void {
    this.#write(Buffer.from(`{"protocol":"${this.#protocol.name}","version":2}\u001e`));
  }

  /** What the socket before still had under way arrives. */
  arriveLate(): void {
    this.#late?.();
    this.#late = undefined;
  }

  /** Behind a new socket: says which message comes first, and repeats all that are not acknowledged. */
  repeat(together: boolean): void {
    const all = [this.#bytes({ type: MessageType.sequence, sequenceId: this.#first }), ...this.#kept];
    if (together) this.#write(Buffer.concat(all));
    else for (const bytes of all) this.#write(bytes);
  }

  /** Sends a message that counts. */
  send(message: HubMessage): void {
    this.#write(this.#keep(message));
  }

  /** Sends no more than a part of it, be it of its frame or in a frame of its own. */
  sendPart(message: HubMessage, part: number, framed: boolean): void {
    this.#peer?.exchange.link.write(this.#part(this.#keep(message), part, framed));
  }

  /** Sends it, or a part of it, by a socket that is so slow that the next one is there before. */
  sendLate(message: HubMessage, part: number, framed: boolean): void {
    const bytes = this.#part(this.#keep(message), part, framed);
    const link = this.#peer?.exchange.link;
    this.#late = () => link?.write(bytes);
  }

  /** Sends a message that does not count. */
  say(message: HubMessage): void {
    this.#write(this.#bytes(message));
  }

  /** Stops to read what comes. */
  stall(): void {
    this.#peer?.exchange.link.stall();
  }

  leave(how: 'cut' | 'end'): void {
    this.#peer?.exchange.link[how]();
  }

  get #opcode(): number {
    return this.#protocol.format === 'text' ? TEXT : BINARY;
  }

  #keep(message: HubMessage): Buffer {
    const bytes = this.#bytes(message);
    this.#kept.push(bytes);
    return bytes;
  }

  #part(bytes: Buffer, part: number, framed: boolean): Buffer {
    const first = (all: Buffer): Buffer => all.subarray(0, Math.ceil(all.length * part));
    return framed ? first(frame(bytes, this.#opcode)) : frame(first(bytes), this.#opcode);
  }

  #bytes(message: HubMessage): Buffer {
    return Buffer.from(this.#protocol.write(message));
  }

  #write(bytes: Buffer): void {
    this.#peer?.exchange.link.write(frame(bytes, this.#opcode));
  }

  #read(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#unread, chunk]);
    if (this.#fresh && bytes.length >= ACCEPTED.length) {
      expectThat(bytes.subarray(0, ACCEPTED.length).equals(ACCEPTED), 'the handshake was refused:', bytes.toString('latin1'));
      this.#fresh = false;
      bytes = bytes.subarray(ACCEPTED.length);
    }
    const end = this.#fresh ? 0 : this.#protocol.parse(bytes, 0, 0, this.#take);
    this.#unread = Buffer.from(bytes.subarray(end));
  }

  readonly #take = (message: ReceivedMessage): boolean => {
    expectThat(!this.#unnumbered || message.type === MessageType.sequence, 'the first message on another socket was', message);
    if (message.type === MessageType.sequence) this.#begin(message.sequenceId);
    else if (message.type === MessageType.ack) this.#letGo(message.sequenceId);
    else if (message.type === MessageType.close) this.farewell = message;
    else if (message.type !== MessageType.ping) this.#count(message);
    return true;
  };

  #begin(number: number): void {
    expectThat(this.#unnumbered, 'a sequence message came in the middle');
    expectThat(number >= 1 && number <= this.#latest + 1, 'messages are missing: the first has number', number, 'behind', this.#latest);
    this.#unnumbered = false;
    this.#number = number;
  }

  #letGo(number: number): void {
    expectThat(number <= this.last, 'an ack came for', number, 'of', this.last);
    if (number >= this.#first) this.#kept.splice(0, number - this.#first + 1);
    this.#first = Math.max(this.#first, number + 1);
  }

  #count(message: ReceivedMessage): void {
    const number = this.#number++;
    if (number <= this.#latest) return;
    this.#latest = number;
    this.received.push(message);
  }
}
