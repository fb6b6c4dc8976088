import type { Activity } from './activity.ts';
import { HubMessageReader, type ProtocolName } from './payload.ts';

export interface Received {
  readonly message: unknown;
  /** Whether it came in a binary WebSocket message. */
  readonly binary: boolean;
}

/** The hub messages that one hub connection has brought and nobody has looked at, without those that come by the clock: pings and acks. */
export class Inbox {
  readonly #activity: Activity;
  #reader = new HubMessageReader('json');
  readonly #unread: Received[] = [];
  pings = 0;
  /** The sequence id that was acknowledged last. */
  acknowledged = 0;

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** Looks at what the client sends: its handshake names the hub protocol. */
  hear(sent: Buffer): void {
    const protocol = /^\{"protocol":"(json|messagepack)"/.exec(sent.toString('latin1'))?.[1];
    if (protocol !== undefined) this.#reader = new HubMessageReader(protocol as ProtocolName);
  }

  get unread(): readonly Received[] {
    return this.#unread;
  }

  push(bytes: Uint8Array, binary: boolean): void {
    try {
      for (const message of this.#reader.read(bytes)) {
        const acknowledged = acknowledgedBy(message);
        if (isPing(message)) this.pings++;
        else if (acknowledged !== undefined) this.#acknowledge(acknowledged);
        else this.#unread.push({ message, binary });
      }
    } catch (error) {
      this.#activity.fail(error as Error);
    }
    // Clients need every message whole.
    if (this.#reader.rest > 0) this.#activity.fail(new Error('The server cut a hub message.'));
    this.#activity.happened();
  }

  #acknowledge(id: number): void {
    if (id <= this.acknowledged) this.#activity.fail(new Error(`The server acknowledged ${id} after ${this.acknowledged}.`));
    this.acknowledged = id;
  }

  take(count: number): Received[] {
    return this.#unread.splice(0, count);
  }
}

export function isPing(message: unknown): boolean {
  return typeOf(message) === 6;
}

/** The sequence id of an ack; undefined for any other message. */
export function acknowledgedBy(message: unknown): number | undefined {
  if (typeOf(message) !== 8) return undefined;
  return Array.isArray(message) ? (message[1] as number) : (message as { readonly sequenceId: number }).sequenceId;
}

function typeOf(message: unknown): unknown {
  return Array.isArray(message) ? message[0] : (message as { readonly type?: unknown }).type;
}
