import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import { ServerConnectionType } from '../protocol/service/codes.ts';
import type { ServiceMessage } from '../protocol/service/messages.ts';
import { PingKey } from '../protocol/service/ping.ts';
import { malformedMessageError, type ReceivedServiceMessage } from '../protocol/service/received.ts';
import { ServiceStream } from '../protocol/service/stream.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import { atTurnEnd, type Writer } from '../transport/turn.ts';
import { appServerEvents } from './log-events.ts';
import type { AppServerSettings } from './options.ts';

const PROTOCOL_VERSION = 1;
const NORMAL = 1000;
/** Milliseconds that the service has to answer a close frame. */
const CLOSE_TIMEOUT = 5_000;
/** A batch that has grown to this many bytes does not wait for the end of its turn. */
const EARLY_FLUSH = 65_536;
/** A message of the service may share its frame with others. */
const FRAME_SLACK = 1_048_576;

/** A client that a server connection carries. */
export interface Carried {
  /** What was written is below the mark again. */
  drained(): void;
  /** The server connection is gone, and the client with it. */
  lost(error: Error): void;
}

/** How server connections of a hub are made. */
export interface Dialling {
  /** The hub's name on the wire. */
  readonly hub: string;
  /** Where to, without the connection's own id. */
  readonly url: string;
  /** Everything but the token. */
  readonly headers: Readonly<Record<string, string>>;
  token(): Promise<string>;
  /** Whether clients may come back to their connections by another socket: the service's doing. */
  readonly allowStatefulReconnects: () => boolean;
  readonly migrationLevel: number;
  readonly settings: AppServerSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
}

/** What a server connection tells. Called synchronously. */
export interface ServerConnectionListener {
  /** The service has accepted it. */
  opened(connection: ServerConnection): void;
  received(connection: ServerConnection, message: ServiceMessage): void;
  /** How many clients the hub has here, for the service to know. */
  readonly clients: number;
  /** The last call. `error` is why, where this side did not want it. */
  closed(connection: ServerConnection, error: Error | undefined): void;
}

/** One connection to the service, from dialling to its end: handshake, signs of life, batches. It is not made anew by itself. */
export class ServerConnection implements Writer {
  readonly id = randomUUID();
  /** The instance of the service that asked for it; undefined for one that is always there. */
  readonly target: string | undefined;
  readonly carried = new Set<Carried>();
  /** Nothing new is to be sent on it: the service said so. */
  retired = false;
  /** How many clients went with it. */
  lostClients = 0;
  readonly #dialling: Dialling;
  readonly #listener: ServerConnectionListener;
  readonly #handshakeTimer = new Timer(() => this.fail(new Error('The service did not answer in time (handshakeTimeout).')));
  readonly #watch = new Timer(() => this.#look());
  readonly #closeTimer = new Timer(() => this.#socket?.terminate());
  #socket: WebSocket | undefined;
  #state: 'dialling' | 'open' | 'closing' | 'closed' = 'dialling';
  readonly #stream: ServiceStream;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #listed = false;
  #full = false;
  #heardAt = 0;
  #toldAt = 0;
  #error: Error | undefined;
  #ended: (() => void) | undefined;

  constructor(dialling: Dialling, listener: ServerConnectionListener, target?: string) {
    this.#dialling = dialling;
    this.#listener = listener;
    this.target = target;
    this.#stream = new ServiceStream(dialling.settings.maximumMessageSize, (message) => this.#take(message));
  }

  /** Whether what is written leaves. */
  get open(): boolean {
    return this.#state === 'open';
  }

  /** Bytes written and not yet taken by the operating system. */
  get queued(): number {
    return this.#batchBytes + (this.#socket?.bufferedAmount ?? 0);
  }

  async start(): Promise<void> {
    const { wheel, settings, url, headers } = this.#dialling;
    wheel.arm(this.#handshakeTimer, settings.handshakeTimeout);
    const address = `${url}&cid=${this.id}${this.target === undefined ? '' : `&target=${encodeURIComponent(this.target)}`}`;
    try {
      const token = await this.#dialling.token();
      if (this.#state !== 'dialling') return;
      const socket = new WebSocket(address, {
        headers: { ...headers, Authorization: `Bearer ${token}` },
        perMessageDeflate: false,
        maxPayload: settings.maximumMessageSize + FRAME_SLACK,
      });
      this.#socket = socket;
      socket.on('open', () => this.#shakeHands());
      socket.on('message', (data: Buffer) => this.#received(data));
      socket.on('error', (error: Error) => (this.#error ??= error));
      socket.on('close', (code) => this.#closed(code));
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Queues one service message. Returns false when the queue is over its mark: those carried hear `drained` later. */
  write(message: Buffer): boolean {
    if (this.#state !== 'open') return false;
    const { maximumQueuedBytes, transportMaxBufferSize } = this.#dialling.settings;
    if (this.queued > maximumQueuedBytes) {
      this.fail(new Error(`The service reads too slowly: ${this.queued} bytes wait, and the limit is ${maximumQueuedBytes}.`));
      return false;
    }
    this.#batch.push(message);
    this.#batchBytes += message.length;
    if (!this.#full && this.queued > transportMaxBufferSize) this.#full = true;
    if (this.#batchBytes >= EARLY_FLUSH) this.#flush();
    else if (!this.#listed) {
      this.#listed = true;
      atTurnEnd(this);
    }
    return !this.#full;
  }

  ping(...entries: readonly string[]): void {
    this.write(writeServiceMessage({ type: 'ping', entries }));
  }

  turnEnded(): void {
    this.#listed = false;
    this.#flush();
  }

  /** Sends what is queued, then ends. Resolves when it has. */
  close(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.#flush();
      this.#state = 'closing';
      if (this.#socket === undefined) this.#end(undefined);
      else {
        this.#dialling.wheel.arm(this.#closeTimer, CLOSE_TIMEOUT);
        this.#socket.close(NORMAL);
      }
    });
  }

  /** Cuts it. */
  fail(error: Error): void {
    if (this.#state === 'closed') return;
    this.#error ??= error;
    const socket = this.#socket;
    this.#end(this.#error);
    // One that is still dialling tells of its end by an error.
    socket?.terminate();
  }

  #shakeHands(): void {
    if (this.#state !== 'dialling') return;
    const { migrationLevel, allowStatefulReconnects } = this.#dialling;
    const request = writeServiceMessage({
      type: 'handshakeRequest',
      version: PROTOCOL_VERSION,
      connectionType: this.target === undefined ? ServerConnectionType.default : ServerConnectionType.onDemand,
      target: '',
      migrationLevel,
      allowStatefulReconnects: allowStatefulReconnects(),
    });
    this.#socket?.send(request);
  }

  #received(data: Buffer): void {
    if (this.#state !== 'dialling' && this.#state !== 'open') return;
    this.#heardAt = this.#dialling.wheel.now();
    try {
      this.#stream.push(data);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.#answerSignOfLife();
  }

  /** Returns whether to read on. */
  #take(message: ReceivedServiceMessage): boolean {
    if (this.#state === 'dialling') this.#accept(message);
    else if (message.type === 'malformed') {
      this.#dialling.log(appServerEvents.malformed, { hub: this.#dialling.hub }, malformedMessageError(message));
    } else if (message.type !== 'unknown') this.#hand(message);
    return this.#state === 'open';
  }

  #accept(message: ReceivedServiceMessage): void {
    if (message.type !== 'handshakeResponse')
      return this.fail(new Error(`The service sent ${message.type} before it answered the handshake.`));
    if (message.error !== null && message.error !== '') return this.fail(new Error(`The service refused the handshake: ${message.error}`));
    const { wheel, settings } = this.#dialling;
    wheel.cancel(this.#handshakeTimer);
    wheel.arm(this.#watch, settings.keepAliveInterval);
    this.#toldAt = wheel.now();
    this.#state = 'open';
    this.#listener.opened(this);
  }

  #hand(message: ServiceMessage): void {
    try {
      this.#listener.received(this, message);
    } catch (error) {
      this.#dialling.log(appServerEvents.messageFailed, { hub: this.#dialling.hub, type: message.type }, error);
    }
  }

  #answerSignOfLife(): void {
    const now = this.#dialling.wheel.now();
    if (this.#state !== 'open' || now - this.#toldAt < this.#dialling.settings.keepAliveInterval) return;
    this.#toldAt = now;
    this.ping(PingKey.clientsInHub, String(this.#listener.clients), PingKey.clientsOnConnection, String(this.carried.size));
  }

  #look(): void {
    const { wheel, settings } = this.#dialling;
    if (wheel.now() - this.#heardAt > settings.serviceTimeout) {
      this.fail(new Error(`The service sent nothing for ${settings.serviceTimeout} ms (serviceTimeout).`));
    } else wheel.arm(this.#watch, settings.keepAliveInterval);
  }

  #flush(): void {
    if (this.#batch.length === 0 || this.#state !== 'open') return;
    const [first] = this.#batch;
    const bytes = this.#batch.length === 1 && first !== undefined ? first : Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    if (this.#full) this.#socket?.send(bytes, this.#drain);
    else this.#socket?.send(bytes);
  }

  readonly #drain = (): void => {
    if (!this.#full || this.queued > this.#dialling.settings.transportMaxBufferSize / 2) return;
    this.#full = false;
    for (const client of this.carried) client.drained();
  };

  #closed(code: number): void {
    if (this.#state === 'closing') return this.#end(undefined);
    this.#end(this.#error ?? new Error(`The service closed the connection with code ${code}.`));
  }

  #end(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { wheel } = this.#dialling;
    for (const timer of [this.#handshakeTimer, this.#watch, this.#closeTimer]) wheel.cancel(timer);
    this.#batch = [];
    this.#batchBytes = 0;
    const gone = error ?? new Error('The server connection was closed.');
    this.lostClients = this.carried.size;
    for (const client of this.carried) client.lost(gone);
    this.carried.clear();
    this.#listener.closed(this, error);
    this.#ended?.();
  }
}
