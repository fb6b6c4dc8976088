import { Timer } from '../base/timer-wheel.ts';
import type { ServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';
import { PingKey, pingValue, ShutdownValue } from '../protocol/service/ping.ts';
import { appServerEvents } from './log-events.ts';
import type { GracefulShutdownMode } from './options.ts';
import { retryDelay } from './retry-delay.ts';
import { ServerConnection, type Dialling, type ServerConnectionListener } from './server-connection.ts';

/** Milliseconds between two questions whether the hub has clients. */
const STATUS_INTERVAL = 10_000;
/** Milliseconds between two announcements that the hub leaves, and how often it is announced. */
const LEAVE_INTERVAL = 5_000;
const LEAVE_ATTEMPTS = 24;
const ROUTES = 256;

const announcements: Readonly<Record<GracefulShutdownMode, string>> = {
  off: ShutdownValue.dropClients,
  migrateClients: ShutdownValue.migrateClients,
  waitForClientsClose: ShutdownValue.waitForClients,
};

/** One of the connections that are kept open: the connection itself, and how often it has failed since it last stood. */
interface Place {
  failures: number;
  readonly retry: Timer;
}

/** What a hub hears of its server connections. */
export interface HubListener {
  readonly clients: number;
  received(connection: ServerConnection, message: ServiceMessage): void;
  /** A server connection stands, or is gone. */
  changed(): void;
  lost(connection: ServerConnection, error: Error | undefined): void;
}

/** The server connections of one hub: as many as are to be kept open, and those that the service asked for besides. */
export class ServerConnections implements ServerConnectionListener {
  readonly #dialling: Dialling;
  readonly #listener: HubListener;
  /** What is kept open, and the connection of each that has one. */
  readonly #kept = new Set<Place>();
  readonly #places = new Map<ServerConnection, Place>();
  readonly #connections = new Set<ServerConnection>();
  /** Those that may be chosen from. */
  #usable: ServerConnection[] = [];
  /** Which connection the messages of a key go by, as long as it stands: so they keep their order. */
  readonly #routes: (ServerConnection | undefined)[] = Array.from({ length: ROUTES });
  #turn = 0;
  /** While nothing stands one place alone tries again; the others wait for it. */
  #probing: Place | undefined;
  readonly #waiting = new Set<Place>();
  readonly #status = new Timer(() => this.#askStatus());
  #leaving = false;
  readonly #unacknowledged = new Set<ServerConnection>();
  #acknowledged: (() => void) | undefined;

  constructor(dialling: Dialling, listener: HubListener) {
    this.#dialling = dialling;
    this.#listener = listener;
  }

  get clients(): number {
    return this.#listener.clients;
  }

  /** How many there are that something can be sent on. */
  get size(): number {
    return this.#usable.length;
  }

  /** Dials. */
  start(): void {
    const { initialHubServerConnectionCount: count } = this.#dialling.settings;
    for (let i = 0; i < count; i++) {
      const place: Place = { failures: 0, retry: new Timer(() => this.#dial(place)) };
      this.#kept.add(place);
      this.#dial(place);
    }
    this.#dialling.wheel.arm(this.#status, STATUS_INTERVAL);
  }

  /** The connection by which messages of a key go; undefined while there is none. */
  choose(key: string): ServerConnection | undefined {
    const route = hashOf(key);
    const known = this.#routes[route];
    if (known !== undefined && known.open && !known.retired) return known;
    const chosen = this.#usable[this.#turn++ % this.#usable.length];
    this.#routes[route] = chosen;
    return chosen;
  }

  /** Nothing new is to go by a connection, for the service says so. */
  retire(connection: ServerConnection): void {
    connection.retired = true;
    this.#changed();
  }

  /** Announces that the hub leaves, and waits until the service has taken note of it, or `timeout` milliseconds. */
  async leave(mode: GracefulShutdownMode, timeout: number): Promise<void> {
    this.#leaving = true;
    this.#stopDialling();
    for (const connection of this.#connections) if (connection.open) this.#unacknowledged.add(connection);
    if (this.#unacknowledged.size === 0) return;
    const { wheel, hub, log } = this.#dialling;
    let attempts = 0;
    const announce = (): void => {
      if (attempts++ === LEAVE_ATTEMPTS) return this.#acknowledged?.();
      for (const connection of this.#unacknowledged) connection.ping(PingKey.shutdown, announcements[mode]);
      wheel.arm(again, LEAVE_INTERVAL);
    };
    const again = new Timer(announce);
    const late = new Timer(() => this.#acknowledged?.());
    wheel.arm(late, timeout);
    await new Promise<void>((resolve) => {
      this.#acknowledged = resolve;
      announce();
    });
    wheel.cancel(again);
    wheel.cancel(late);
    if (this.#unacknowledged.size > 0) log(appServerEvents.notAcknowledged, { hub });
  }

  async close(): Promise<void> {
    this.#leaving = true;
    this.#stopDialling();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  // ServerConnectionListener

  opened(connection: ServerConnection): void {
    this.#dialling.log(appServerEvents.connected, { hub: this.#dialling.hub, serverConnectionId: connection.id });
    const place = this.#places.get(connection);
    if (place !== undefined) place.failures = 0;
    this.#probing = undefined;
    this.#changed();
    for (const waiting of this.#waiting) this.#dial(waiting);
    this.#waiting.clear();
  }

  received(connection: ServerConnection, message: ServiceMessage): void {
    if (message.type !== 'ping') return this.#listener.received(connection, message);
    if (message.entries.length === 0) return;
    this.#listener.received(connection, message);
    this.#heardPing(connection, message);
  }

  closed(connection: ServerConnection, error: Error | undefined): void {
    const stood = this.#usable.includes(connection) || connection.retired;
    this.#connections.delete(connection);
    this.#acknowledge(connection);
    this.#changed();
    this.#listener.lost(connection, error);
    const place = this.#places.get(connection);
    this.#places.delete(connection);
    if (this.#leaving) return;
    if (place === undefined) return this.#dialling.log(appServerEvents.onDemandEnded, { hub: this.#dialling.hub }, error);
    this.#again(place, connection, stood, error);
  }

  #again(place: Place, connection: ServerConnection, stood: boolean, error: Error | undefined): void {
    const { hub, log, wheel } = this.#dialling;
    const delay = retryDelay(place.failures++);
    if (stood) log(appServerEvents.connectionLost, { hub, delay, clients: connection.lostClients }, error);
    else log(appServerEvents.connectFailed, { hub, delay }, error);
    wheel.arm(place.retry, delay);
  }

  #dial(place: Place | undefined, target?: string): void {
    if (this.#leaving) return;
    if (place !== undefined && place.failures > 1 && this.#usable.length === 0) {
      if (this.#probing !== undefined && this.#probing !== place) return void this.#waiting.add(place);
      this.#probing = place;
    }
    const connection = new ServerConnection(this.#dialling, this, target);
    this.#connections.add(connection);
    if (place !== undefined) this.#places.set(connection, place);
    void connection.start();
  }

  #heardPing(connection: ServerConnection, ping: ServiceMessageOf<'ping'>): void {
    const target = pingValue(ping, PingKey.target);
    const { maxHubServerConnectionCount: most } = this.#dialling.settings;
    if (typeof target === 'string' && (most === null || this.#connections.size < most)) this.#dial(undefined, target);
    if (pingValue(ping, PingKey.echo) !== undefined) connection.ping(...ping.entries.map((entry) => entry ?? ''));
    if (pingValue(ping, PingKey.shutdown) === ShutdownValue.acknowledged) this.#acknowledge(connection);
  }

  #acknowledge(connection: ServerConnection): void {
    if (this.#unacknowledged.delete(connection) && this.#unacknowledged.size === 0) this.#acknowledged?.();
  }

  #askStatus(): void {
    this.#dialling.wheel.arm(this.#status, STATUS_INTERVAL);
    this.#usable[Math.floor(Math.random() * this.#usable.length)]?.ping(PingKey.status, '1');
  }

  #changed(): void {
    this.#usable = [...this.#connections].filter(({ open, retired }) => open && !retired);
    this.#listener.changed();
  }

  #stopDialling(): void {
    const { wheel } = this.#dialling;
    wheel.cancel(this.#status);
    for (const { retry } of this.#kept) wheel.cancel(retry);
    this.#waiting.clear();
    for (const connection of this.#connections) if (!connection.open) void connection.close();
  }
}

/** A byte that is the same for the same key. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff;
}
