import { codedError } from '../base/errors.ts';
import { Alarm, type TimerWheel } from '../base/timer-wheel.ts';
import { AckStatus } from '../protocol/service/codes.ts';
import type { ServiceMessageOf } from '../protocol/service/messages.ts';
import type { ServerConnection } from './server-connection.ts';

const HIGHEST_ID = 0x7fff_ffff;

/** Numbers what is to be confirmed. One for a whole app server: services take the numbers of all its hubs together. */
export class AckIds {
  #last = 0;

  next(): number {
    this.#last = this.#last === HIGHEST_ID ? 1 : this.#last + 1;
    return this.#last;
  }
}

class PendingAck extends Alarm {
  readonly action: string;
  readonly server: ServerConnection;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly #expired: () => void;

  constructor(
    action: string,
    server: ServerConnection,
    [resolve, reject]: readonly [() => void, (error: Error) => void],
    expired: () => void,
  ) {
    super();
    this.action = action;
    this.server = server;
    this.resolve = resolve;
    this.reject = reject;
    this.#expired = expired;
  }

  fire(): void {
    this.#expired();
  }
}

/** What a hub has asked the service for and waits to be confirmed. */
export class Acks {
  readonly #ids: AckIds;
  readonly #wheel: TimerWheel;
  readonly #timeout: number;
  readonly #pending = new Map<number, PendingAck>();

  /** @param timeout - milliseconds to wait */
  constructor(ids: AckIds, wheel: TimerWheel, timeout: number) {
    this.#ids = ids;
    this.#wheel = wheel;
    this.#timeout = timeout;
  }

  /**
   * Sends on `server` what `write` makes of a number, and waits until it is confirmed; what concerns somebody who does not exist is, too.
   *
   * @param action - what it is, for errors
   * @throws SignalboxError SIGNALBOX_SERVICE_TIMEOUT, SIGNALBOX_SERVICE_REFUSED, SIGNALBOX_SERVICE_UNAVAILABLE
   */
  request(action: string, server: ServerConnection, write: (ackId: number) => void): Promise<void> {
    const id = this.#ids.next();
    const confirmed = new Promise<void>((resolve, reject) => {
      const expired = (): void => this.#take(id)?.reject(codedError('SIGNALBOX_SERVICE_TIMEOUT', { action, timeout: this.#timeout }));
      const pending = new PendingAck(action, server, [resolve, reject], expired);
      this.#pending.set(id, pending);
      this.#wheel.arm(pending, this.#timeout);
      write(id);
    });
    // Who does not wait for it must not be ended by its failure.
    confirmed.catch(() => undefined);
    return confirmed;
  }

  settle({ ackId, status, message }: ServiceMessageOf<'ack'>): void {
    const pending = this.#take(ackId);
    if (pending === undefined) return;
    const { action } = pending;
    if (status === AckStatus.ok || status === AckStatus.notFound) pending.resolve();
    else if (status === AckStatus.timeout) pending.reject(codedError('SIGNALBOX_SERVICE_TIMEOUT', { action, timeout: this.#timeout }));
    else pending.reject(codedError('SIGNALBOX_SERVICE_REFUSED', { action, reason: message ?? `status ${status}` }));
  }

  /** A server connection is gone: what was asked on it is not confirmed any more. */
  lost(server: ServerConnection, cause: Error | undefined): void {
    for (const [id, pending] of this.#pending) {
      if (pending.server !== server) continue;
      this.#take(id);
      pending.reject(codedError('SIGNALBOX_SERVICE_UNAVAILABLE', { action: pending.action }, { cause }));
    }
  }

  #take(id: number): PendingAck | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#wheel.cancel(pending);
    return pending;
  }
}
