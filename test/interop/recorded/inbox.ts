import type { Activity } from './activity.ts';
import { HubMessageReader, type ProtocolName } from './payload.ts';

export interface Received {
  readonly message: unknown;
  /** Whether it came in a binary WebSocket message. */
  readonly binary: boolean;
}

/** The hub messages that one hub connection has brought and nobody has looked at. Pings are only counted: they come when they come. */
export class Inbox {
  readonly #activity: Activity;
  #reader = new HubMessageReader('json');
  readonly #unread: Received[] = [];
  pings = 0;

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
        if (isPing(message)) this.pings++;
        else this.#unread.push({ message, binary });
      }
    } catch (error) {
      this.#activity.fail(error as Error);
    }
    // Clients need every message whole.
    if (this.#reader.rest > 0) this.#activity.fail(new Error('The server cut a hub message.'));
    this.#activity.happened();
  }

  take(count: number): Received[] {
    return this.#unread.splice(0, count);
  }
}

export function isPing(message: unknown): boolean {
  return Array.isArray(message) ? message[0] === 6 : (message as { type?: unknown }).type === 6;
}
