import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { AccessKeys } from '../authentication/access-keys.ts';
import type { Bus } from '../backplane/bus.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { codedError } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import { standardError, type Log } from '../base/log.ts';
import { readOptions, type Given } from '../base/option-table.ts';
import { VERSION } from '../base/version.ts';
import type { History } from '../metering/history.ts';
import { MeterRecord } from '../metering/meter-record.ts';
import { Meter } from '../metering/meter.ts';
import { hubNames } from '../metering/options.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import type { LoadReading } from '../metering/load-reading.ts';
import type { ServiceStatus } from '../status-page/status.ts';
import { combined } from '../telemetry/combined.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Connection } from '../transport/connection.ts';
import { Endpoint } from '../transport/endpoint.ts';
import { attach, serveRequest, serveUpgrade, type Route } from '../transport/host.ts';
import type { connectionOptions } from '../transport/options.ts';
import { CalmLog } from './calm-log.ts';
import type { ClientIdentity } from './client-identity.ts';
import { closeOptions, type CloseSettings, type ServiceCloseOptions } from './close-options.ts';
import { ConnectionQuotas } from './connection-quotas.ts';
import { clientOptions, serverOptions, type ClientDoor } from './endpoints.ts';
import { GracefulStop } from './graceful-stop.ts';
import { limitsConnections, rateOf } from './hub-limits.ts';
import { IdleHubs } from './idle-hubs.ts';
import { MessageBucket } from './message-bucket.ts';
import { serviceOptions, type GivenServiceOptions, type ServiceSettings } from './options.ts';
import type { NodesOf } from './other-nodes.ts';
import { ServerConnection, type ServerHost } from './server-connection.ts';
import type { ServerIdentity } from './server-identity.ts';
import { ServiceClient } from './service-client.ts';
import { ServiceHub } from './service-hub.ts';
import { LiveReadings } from './service-readings.ts';
import { countsOf, hubStatus } from './service-status.ts';
import { ServiceNodes } from './service-nodes.ts';

/** How a service runs. */
export interface ServiceOptions extends GivenServiceOptions {
  /**
   * What app servers and their clients' tokens are signed with, each 32 bytes or more; several while one replaces another. Anybody who has one can
   * be any client and any app server. Default: none, as there has to be one.
   */
  readonly accessKeys: readonly string[];
  /**
   * How clients' connections are treated: the options of an endpoint, see [options.md](options.md). Default: theirs, but pages of any origin may
   * come, connections end when their token says so, and WebSocket messages of any size are passed on in pieces, unless they are limited there.
   */
  readonly clients?: Given<typeof connectionOptions>;
  /**
   * This node's end of what joins the nodes of a service: clients of each are served by the app servers of all. The service closes it. Default: none,
   * this node is alone.
   */
  readonly bus?: Bus;
  /**
   * The directory in which what is counted is kept, by day (`signalbox bill` reads it) and as a history. Default: none, the history begins anew at
   * each start.
   */
  readonly data?: string;
  /**
   * Who is shown the service's metrics: `prometheus()` of `signalbox/prometheus`, `openTelemetry()` of `signalbox/opentelemetry`, or any other;
   * several where a list is given. Default: nobody.
   */
  readonly telemetry?: Telemetry | readonly Telemetry[];
  /** Where log events go. Default: warnings and errors to standard error. */
  readonly log?: Log;
  /** Where time comes from, for tests. Default: the system's clock. */
  readonly clock?: Clock;
}

/** What of the options can be replaced while a service runs. */
export type ReplaceableOptions = GivenServiceOptions & Pick<ServiceOptions, 'clients'>;

/** Milliseconds that a disk has at the end which does not answer. */
const LAST_WRITE = 2_000;

/**
 * A service that app servers with the SDK of the Azure SignalR Service connect to, and to which they send their clients: at `/server/` and at
 * `/client/` of the HTTP servers that it is attached to.
 */
export class Service implements ServerHost {
  /** Replaced as a whole by `configure`: read where it is needed. */
  settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** What this node has counted. */
  readonly meter: Meter;
  /** Of this node. */
  readonly instanceId = randomId();
  readonly #startedAt = Date.now();
  /** Undefined without a bus. */
  readonly nodes: ServiceNodes | undefined;
  readonly nodesOf: NodesOf<ServiceHub> | undefined;
  /** How many connections it takes; undefined where they are not limited. */
  readonly quotas: ConnectionQuotas | undefined;
  /** Of all clients' messages; undefined where they are not limited. */
  readonly messageBucket: MessageBucket | undefined;
  readonly #calm: CalmLog;
  readonly #hubs = new Map<string, ServiceHub>();
  readonly #idle: IdleHubs;
  readonly #servers = new Set<ServerConnection>();
  readonly #readings: LiveReadings;
  readonly #record: MeterRecord;
  /** Connections of clients and app servers that are not let in yet. */
  readonly #waiting = new Set<Connection>();
  readonly #keys: AccessKeys;
  readonly #door: ClientDoor;
  readonly #endpoints: { readonly clients: Endpoint; readonly servers: Endpoint };
  readonly #route: Route = (path) =>
    path === '/client' ? this.#endpoints.clients : path === '/server' ? this.#endpoints.servers : undefined;
  readonly #detach: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  /** @throws SignalboxError SIGNALBOX_INVALID_OPTION */
  constructor(options: ServiceOptions) {
    this.settings = readOptions(serviceOptions, [options]);
    const clock = options.clock ?? systemClock;
    this.wheel = new TimerWheel(clock);
    this.#calm = new CalmLog(options.log ?? standardError, this.wheel);
    this.log = this.#calm.write;
    const { limits, metering } = this.settings;
    const keys = new AccessKeys(options.accessKeys);
    this.#keys = keys;
    this.meter = new Meter(
      metering.maximumHubs,
      () => this.wheel.now(),
      () => hubNames(metering),
    );
    if (limitsConnections(limits)) this.quotas = new ConnectionQuotas({ limits, meter: this.meter, log: this.log });
    const rate = rateOf(limits.service);
    this.messageBucket = rate && new MessageBucket(rate, this.wheel);
    this.#idle = new IdleHubs(this.wheel, (hub) => this.#giveUp(hub));
    this.#readings = new LiveReadings(this, this.#servers, clock);
    combined([options.telemetry ?? []].flat())?.service?.(this.#readings);
    this.#record = this.#keep(options.data);
    const nodes = options.bus && new ServiceNodes(options.bus, this);
    this.nodes = nodes;
    this.nodesOf = nodes && ((hub) => nodes.of(hub));
    const { wheel, log, meter, quotas } = this;
    this.#door = { linksOf: (hub) => this.#hubs.get(hub)?.links, meter };
    const forClients = clientOptions(keys, options.clients, this.#door);
    const forServers = serverOptions(keys, this.settings, meter);
    this.#endpoints = {
      clients: new Endpoint(forClients, { wheel, log, limits: quotas?.of('Client'), opened: (connection) => this.#clientCame(connection) }),
      servers: new Endpoint(forServers, { wheel, log, limits: quotas?.of('Server'), opened: (connection) => this.#serverCame(connection) }),
    };
  }

  /**
   * Runs on with other options: what is left out gets its default. They count for whatever begins from now on, and for connections that there
   * are where an option is read again. `limits`, `metering`, `nodes`, `maximumServerMessageSize` and what `clients.webSockets` says of sizes, times and
   * compression stay as they were when the service was made.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_OPTION; then nothing has changed
   */
  configure(options: ReplaceableOptions): void {
    const { limits, metering, nodes, maximumServerMessageSize } = this.settings;
    const settings = readOptions(serviceOptions, [options]);
    const forClients = clientOptions(this.#keys, options.clients, this.#door);
    this.settings = Object.freeze({ ...settings, limits, metering, nodes, maximumServerMessageSize });
    this.#endpoints.clients.configure(forClients);
    this.#endpoints.servers.configure(serverOptions(this.#keys, this.settings, this.meter));
  }

  /**
   * From now on these keys count, and no others: for new connections, and for each request of those that there are, which WebSockets do not make.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_OPTION; then the keys stay as they were
   */
  replaceAccessKeys(accessKeys: readonly string[]): void {
    this.#keys.replace(accessKeys);
  }

  /**
   * Serves on an HTTP server, before or after it listens. What is not the service's goes to the server's own listeners.
   *
   * @throws SignalboxError SIGNALBOX_SERVER_CLOSED
   */
  attach(server: HttpServer | HttpsServer): this {
    if (this.#closed !== undefined) throw codedError('SIGNALBOX_SERVER_CLOSED', { action: 'attaching a server' });
    this.#detach.push(attach(server, this.#route));
    return this;
  }

  /** Serves a request, for those who would rather call it than attach a server. False, and nothing done, where it is not the service's. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return serveRequest(this.#route, request, response);
  }

  /** The same for an upgrade. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return serveUpgrade(this.#route, request, socket, head);
  }

  /** How it stands: for the status page, and for whoever else looks. Made anew at each call. */
  status(): ServiceStatus {
    const hubs = [...this.#hubs.values()].map(hubStatus).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return {
      version: VERSION,
      startedAt: this.#startedAt,
      node: this.instanceId,
      clients: hubs.reduce((sum, { clients }) => sum + clients, 0),
      serverConnections: this.#servers.size,
      ...countsOf([...this.meter.hubs.values()]),
      load: this.load,
      hubs,
    };
  }

  /** What happened on this node, by the minute and by the hour. */
  get history(): History {
    return this.#record.history;
  }

  /** How busy it was, and how it did, in the last minute. */
  get load(): LoadReading {
    return this.#readings.load;
  }

  /** The hubs that clients or app servers have come for, by name. */
  get hubs(): ReadonlyMap<string, ServiceHub> {
    return this.#hubs;
  }

  hub(name: string): ServiceHub {
    let hub = this.#hubs.get(name);
    if (hub === undefined) {
      hub = new ServiceHub(name, this);
      this.#hubs.set(name, hub);
    }
    return hub;
  }

  /** Nobody is left in a hub. */
  deserted(hub: ServiceHub): void {
    if (this.#closed === undefined) this.#idle.add(hub);
  }

  gone(connection: ServerConnection): void {
    this.#servers.delete(connection);
  }

  /** Why it takes nobody in, in a sentence; undefined where it does. */
  get notReady(): string | undefined {
    if (this.#closed !== undefined) return 'The service stops.';
    return this.nodes?.joined === undefined ? undefined : 'The service has not met its other nodes yet.';
  }

  /**
   * Stops: nobody is taken in any more, clients are told that they may come back, a lot at a time, and app servers are let go when they have. What
   * has not ended in time is left behind. The HTTP server itself stays open: close it then.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_OPTION
   */
  close(options: ServiceCloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(readOptions(closeOptions, [options]));
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep(directory: string | undefined): MeterRecord {
    const { meter, wheel, log, instanceId: node, settings } = this;
    const record = new MeterRecord({ meter, directory, wheel, log, load: () => this.load, node, settings: settings.metering });
    void record.start();
    return record;
  }

  #clientCame(connection: Connection): void {
    const identity = connection.user as ClientIdentity;
    const hub = this.hub(identity.hub);
    const client = new ServiceClient(connection, identity, hub);
    this.#after(hub.nodes?.listen(), connection, () => client.start());
  }

  #serverCame(connection: Connection): void {
    const server = new ServerConnection(connection, connection.user as ServerIdentity, this);
    this.#servers.add(server);
    this.#after(this.nodes?.joined, connection, () => server.start());
  }

  /** Nobody is let in while this node does not know what the others have. */
  #after(ready: Promise<void> | undefined, connection: Connection, start: () => void): void {
    if (ready === undefined) return start();
    this.#waiting.add(connection);
    void ready.then(() => (this.#waiting.delete(connection) ? start() : undefined));
  }

  #giveUp(hub: ServiceHub): void {
    // One that was made anew meanwhile is another.
    if (this.#hubs.get(hub.name) !== hub) return;
    this.#hubs.delete(hub.name);
    hub.giveUp();
    this.nodes?.forget(hub.name);
  }

  async #close(settings: CloseSettings): Promise<void> {
    const { wheel, log, instanceId } = this;
    if (settings.delay > 0) await wheel.pause(settings.delay);
    const { clients, servers } = this.#endpoints;
    for (const endpoint of [clients, servers]) endpoint.refuse();
    for (const connection of this.#waiting) connection.close();
    this.#waiting.clear();
    const endServers = (): void => {
      for (const server of this.#servers) server.end('ServiceReload');
    };
    await new GracefulStop({ instanceId, wheel, log, hubs: this.#hubs, clients, servers, endServers }, settings).run();
    await this.nodes?.close();
    for (const detach of this.#detach.splice(0)) detach();
    await Promise.race([this.#record.close(), wheel.pause(LAST_WRITE)]);
    this.#readings.close();
    this.#calm.flush();
    wheel.close();
  }
}
