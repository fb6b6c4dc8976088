import type { Log } from '../base/log.ts';
import type { Connection, ConnectionListener } from './connection.ts';
import { transportEvents } from './log-events.ts';

/** A listener that was promised not to throw. Where it does, its own connection ends, and nothing else. */
export class GuardedListener implements ConnectionListener {
  readonly #listener: ConnectionListener;
  readonly #connection: Connection;
  readonly #log: Log;

  constructor(listener: ConnectionListener, connection: Connection, log: Log) {
    this.#listener = listener;
    this.#connection = connection;
    this.#log = log;
  }

  received(chunk: Buffer): void {
    try {
      this.#listener.received(chunk);
    } catch (error) {
      this.#failed(error);
    }
  }

  drained(): void {
    try {
      this.#listener.drained();
    } catch (error) {
      this.#failed(error);
    }
  }

  refreshed(): void {
    try {
      this.#listener.refreshed?.();
    } catch (error) {
      this.#failed(error);
    }
  }

  expired(): void {
    try {
      if (this.#listener.expired === undefined) this.#connection.close();
      else this.#listener.expired();
    } catch (error) {
      this.#failed(error);
    }
  }

  dismissed(reason: Error): void {
    try {
      if (this.#listener.dismissed === undefined) this.#connection.close(reason);
      else this.#listener.dismissed(reason);
    } catch (error) {
      this.#failed(error);
    }
  }

  closed(reason: Error | undefined): void {
    try {
      this.#listener.closed(reason);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#log(transportEvents.listenerFailed, { connectionId: this.#connection.id }, error);
    this.#connection.abort(error instanceof Error ? error : new Error(String(error)));
  }
}
