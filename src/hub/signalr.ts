import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { BackplaneFactory } from '../backplane/backplane.ts';
import { LocalBackplane } from '../backplane/local-backplane.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { codedError, describe } from '../base/errors.ts';
import { standardError, type Log } from '../base/log.ts';
import { readOptions } from '../base/option-table.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { Connection, ConnectionRequest } from '../transport/connection.ts';
import { ConnectionLimits } from '../transport/connection-limits.ts';
import type { DescriptorState } from '../transport/descriptors.ts';
import { Endpoint } from '../transport/endpoint.ts';
import { limitOptions, type LimitOptions } from '../transport/limit-options.ts';
import type { ConnectionSettings, UserTraits } from '../transport/options.ts';
import { attach, serveRequest, serveUpgrade } from '../transport/host.ts';
import type { Redirect } from '../transport/redirection.ts';
import type { EndpointTelemetry } from '../transport/telemetry.ts';
import { combined } from '../telemetry/combined.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Claims } from './claims.ts';
import { ConnectedService, userHooks, type ConnectOptions, type HubEndpoint, type ServiceHandle } from './connected-service.ts';
import { connectionSettings, endpointHooks, listedFeatures, type AuthorizeRequest, type ConnectionOptions } from './connection-options.ts';
import type { Hub } from './define-hub.ts';
import { erased, type HubFilter } from './filter.ts';
import { healthOf, type Health } from './health.ts';
import { hubProtocols } from './hub-protocols.ts';
import { HubServer, type HubSurroundings } from './hub-server.ts';
import { hubEvents } from './log-events.ts';
import { hubSettings, type HubOptions, type HubSettings } from './options.ts';
import { IterableConnection, type RawConnection } from './raw-connection.ts';
import { Routes } from './routes.ts';
import type { HubClients, HubGroups } from './targets.ts';
import { subject, userTraits } from './users.ts';

/** How one endpoint of a hub differs from the host's options. */
export interface HubEndpointOptions<User = Claims> extends HubOptions, ConnectionOptions<User> {}

/** A host's options; those for hubs and connections hold for every endpoint that does not name its own. */
export interface SignalROptions<User = Claims> extends HubOptions, ConnectionOptions<User>, LimitOptions {
  /**
   * Who is it? Asked on every request of a connection; what it returns is `user` in every hub of this host, undefined stands for
   * an anonymous client. It may throw an `AuthenticationError` to refuse with 401 and a challenge of its own. Default: all are
   * anonymous. Write it before `userId` and `filters`: TypeScript takes the type of the user from it.
   */
  readonly authenticate?: (request: ConnectionRequest) => User | undefined | Promise<User | undefined>;
  /** The id that `clients.user(id)` reaches a user by. Default: the claim `sub`. */
  readonly userId?: (user: NoInfer<User>) => string | undefined;
  /**
   * When the authentication of a user expires, undefined for never. It matters where `closeOnAuthenticationExpiration` or
   * `enableAuthenticationRefresh` is set. Default: what the claim `exp` says, in seconds since 1970.
   */
  readonly expiresAt?: (user: NoInfer<User>) => Date | undefined;
  /** Run around every call of every hub, outside the hub's own. Default: none. */
  readonly filters?: readonly HubFilter<User>[];
  /**
   * The hub protocols that clients can choose from, those of one's own included (docs/protocols.md). Default: `JsonHubProtocol`
   * and `MessagePackHubProtocol`, both from `signalbox/protocol`.
   */
  readonly protocols?: readonly HubProtocol[];
  /** What joins the servers of a farm. Default: this server is alone. */
  readonly backplane?: BackplaneFactory;
  /** Where log events go. Default: warnings and errors to standard error. */
  readonly log?: Log;
  /**
   * Who hears what happens, to count and trace it: `openTelemetry()` of `signalbox/opentelemetry`, `prometheus()` of `signalbox/prometheus`, or
   * several. Default: nobody, and nothing is spent on it.
   */
  readonly telemetry?: Telemetry | readonly Telemetry[];
  /** Where time comes from, for tests. Default: the system's clock. */
  readonly clock?: Clock;
}

/** A running hub, from outside its methods. */
export interface HubHandle<Client> {
  readonly clients: HubClients<Client>;
  readonly groups: HubGroups;
}

export interface AttachOptions {
  /** Whether requests are served, or only upgrades: for a server whose own listener calls `handle`. Default true. */
  readonly requests?: boolean;
}

export interface CloseOptions {
  /** Milliseconds that clients and handlers have to finish. Default 5,000. */
  readonly timeout?: number;
}

const CLOSE_TIMEOUT = 5_000;

/** What is done with the connections of an endpoint, and which one of a hub it is, if it is. */
interface Opening {
  readonly opened: (connection: Connection) => void;
  readonly hubEndpoint?: HubEndpoint;
}

/** What an endpoint is called in figures, and what it has to know of its hub, where it has one. */
interface EndpointTraits<User> {
  readonly name: string;
  readonly messageSize?: number | null;
  readonly authorize?: AuthorizeRequest<User> | undefined;
}

/** Serves hubs and raw connections on a `node:http` or `node:https` server, beside whatever else that serves. */
export class SignalR<User = Claims> {
  readonly #options: SignalROptions<User>;
  readonly #surroundings: HubSurroundings;
  readonly #users: UserTraits;
  readonly #limits: ConnectionLimits;
  readonly #routes = new Routes();
  readonly #hubs = new Map<object, HubServer>();
  readonly #hubEndpoints: HubEndpoint[] = [];
  #service: ConnectedService | undefined;
  readonly #detach: (() => void)[] = [];
  #closed: Promise<void> | undefined;
  #left = false;

  /** @throws SignalboxError SIGNALBOX_INVALID_OPTION */
  constructor(options: SignalROptions<User> = {}) {
    this.#options = options;
    // What endpoints will be made of is checked where it was written.
    connectionSettings([options], hubSettings(options).maximumReceiveMessageSize);
    listedFeatures([options]);
    this.#surroundings = {
      protocols: hubProtocols(options.protocols),
      wheel: new TimerWheel(options.clock ?? systemClock),
      log: options.log ?? standardError,
      telemetry: combined([options.telemetry ?? []].flat()),
      filters: erased(options.filters ?? []),
      userIdOf: (options.userId ?? subject) as (user: unknown) => string | undefined,
    };
    this.#users = userTraits(options);
    const { wheel, log, userIdOf } = this.#surroundings;
    const userId = (user: unknown): string | undefined => (user === undefined ? undefined : userIdOf(user));
    this.#limits = new ConnectionLimits(readOptions(limitOptions, [options]), { wheel, log, userId });
  }

  /**
   * Serves a hub at a path. A hub can be mapped at several paths; its clients on all of them are one crowd.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_PATH, SIGNALBOX_INVALID_OPTION, SIGNALBOX_SERVER_CLOSED
   */
  map<Server, Client>(path: `/${string}`, hub: Hub<Server, Client, User>, options?: HubEndpointOptions<User>): this {
    const settings = hubSettings(this.#options, options);
    this.#checkProtocols(settings);
    const { authorize } = hub['~definition'];
    const name = this.#hubs.get(hub)?.name ?? hub.name ?? path;
    this.#add(path, options, { name, messageSize: settings.maximumReceiveMessageSize, authorize }, (connections, telemetry) => {
      const server = this.#start(path, hub, settings);
      const hubEndpoint = { path, server, settings, connections, telemetry };
      this.#service?.add(hubEndpoint);
      this.#hubEndpoints.push(hubEndpoint);
      return { opened: (connection) => server.opened(connection, settings), hubEndpoint };
    });
    return this;
  }

  /**
   * Serves connections without a hub protocol at a path. When what `handler` returned has settled, the connection is closed.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_PATH, SIGNALBOX_INVALID_OPTION, SIGNALBOX_SERVER_CLOSED
   */
  mapConnection(path: `/${string}`, handler: (connection: RawConnection<User>) => unknown, options?: ConnectionOptions<User>): this {
    this.#add(path, options, { name: path }, ({ applicationMaxBufferSize }) => ({
      opened: (connection) => {
        const raw = new IterableConnection(connection, applicationMaxBufferSize);
        void this.#serve(raw, path, handler);
      },
    }));
    return this;
  }

  /**
   * Makes this host an app server of a service: its hubs, those mapped later included, are connected to it, their clients are sent there when they
   * negotiate, and it takes the place of a backplane. Raw connections stay here.
   *
   * @param connectionString - `Endpoint=https://host;AccessKey=…;Version=1.0;`
   * @throws SignalboxError SIGNALBOX_CONNECTION_STRING, SIGNALBOX_INVALID_OPTION; SIGNALBOX_CANT_CONNECT for a host with a backplane, with clients, or
   *   with a service; SIGNALBOX_SERVER_CLOSED
   */
  connect(connectionString: string, options: ConnectOptions<User> = {}): ServiceHandle {
    this.#checkOpen('connecting to a service');
    const reason = this.#objection();
    if (reason !== undefined) throw codedError('SIGNALBOX_CANT_CONNECT', { reason });
    const service = new ConnectedService(connectionString, options, userHooks(options), this.#surroundings, this.#users);
    for (const hubEndpoint of this.#hubEndpoints) service.add(hubEndpoint);
    this.#service = service;
    return service;
  }

  /**
   * Serves the mapped paths on a server, before or after it listens. Everything else goes to the server's own request and
   * upgrade listeners, as if this were not there.
   *
   * @throws SignalboxError SIGNALBOX_SERVER_CLOSED
   */
  attach(server: HttpServer | HttpsServer, { requests = true }: AttachOptions = {}): this {
    this.#checkOpen('attaching a server');
    this.#detach.push(attach(server, this.#routes.find, requests ? 'everything' : 'upgrades'));
    return this;
  }

  /**
   * Serves a request, for those who would rather call it behind their own code than attach a server. Returns false, and has
   * done nothing, where its path is not mapped.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return serveRequest(this.#routes.find, request, response);
  }

  /** The same for an upgrade. False also for an upgrade that is no WebSocket handshake: that is an ordinary request. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return serveUpgrade(this.#routes.find, request, socket, head);
  }

  /**
   * Serves a connection that came another way than by the transports here, as if a client had opened it at a mapped path: one of a
   * transport of your own, or in a test a `MemoryConnection`. Nobody is asked about it; its `user` says who it is.
   *
   * @throws SignalboxError SIGNALBOX_PATH_NOT_MAPPED, SIGNALBOX_SERVER_CLOSED
   */
  accept(path: `/${string}`, connection: Connection): void {
    this.#checkOpen('accepting a connection');
    this.#routes.opener(path)(connection);
  }

  /**
   * A hub that is mapped, for code outside its methods.
   *
   * @throws SignalboxError SIGNALBOX_HUB_NOT_MAPPED
   */
  hub<Server, Client>(hub: Hub<Server, Client, User>): HubHandle<Client> {
    const server = this.#hubs.get(hub);
    if (server === undefined)
      throw codedError('SIGNALBOX_HUB_NOT_MAPPED', { hub: hub.name === undefined ? 'without a name' : `'${hub.name}'` });
    return { clients: server.clients as HubClients<Client>, groups: server.groups };
  }

  /** Connections of this host, those that have negotiated and not connected yet included: what `connectionLimits.server` limits. */
  get connections(): number {
    return this.#limits.connections;
  }

  /** How the process stands with file descriptors. `short` means that new connections are refused. */
  get descriptors(): DescriptorState {
    return this.#limits.descriptors.state;
  }

  /** How it is, at this moment. `healthChecks(signalr)` answers a load balancer's and an orchestrator's questions with it. */
  health(): Health {
    const hubs = [...this.#hubs.values()].map((server) => server.health);
    const { connections, descriptors } = this;
    return healthOf({
      hubs,
      connections,
      descriptors,
      closing: this.#closed !== undefined,
      closed: this.#left,
      service: this.#service?.state,
    });
  }

  /**
   * Stops serving: new clients are refused, those there are get a close message that lets them reconnect elsewhere, and
   * `disconnected` runs for each. What has not ended in time is left behind. The server itself stays open: close it afterwards,
   * because clients that poll have to come back once more to hear of the end.
   */
  close({ timeout = CLOSE_TIMEOUT }: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(timeout);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(path: string, hub: Pick<Hub<unknown, unknown>, 'name' | '~definition'>, settings: HubSettings): HubServer {
    const running = this.#hubs.get(hub);
    if (running) return running;
    const name = hub.name ?? path;
    const backplane = this.#options.backplane?.(name, this.#surroundings) ?? new LocalBackplane();
    const server = new HubServer(name, hub['~definition'], backplane, this.#surroundings, settings);
    this.#hubs.set(hub, server);
    return server;
  }

  #add(
    path: string,
    options: ConnectionOptions<User> | undefined,
    { name, messageSize, authorize }: EndpointTraits<User>,
    opener: (settings: ConnectionSettings, telemetry: EndpointTelemetry | undefined) => Opening,
  ): void {
    this.#checkOpen(`mapping '${path}'`);
    const settings = connectionSettings([this.#options, options], messageSize);
    this.#routes.check(path, settings.enableAuthenticationRefresh);
    const { wheel, log } = this.#surroundings;
    const telemetry = this.#surroundings.telemetry?.endpoint?.(name);
    const hooks = {
      authenticate: this.#options.authenticate,
      users: this.#users,
      features: listedFeatures([this.#options, options]),
      ...endpointHooks([this.#options, options], authorize),
    };
    const { opened, hubEndpoint } = opener(settings, telemetry);
    const redirect = (): Redirect | undefined => this.#redirect(hubEndpoint);
    const endpointOptions = {
      ...settings,
      ...hooks,
      // A host may be connected to a service later.
      get redirect() {
        return redirect();
      },
    };
    this.#routes.add(path, new Endpoint(endpointOptions, { wheel, log, limits: this.#limits, opened, telemetry }), opened);
  }

  /** Where clients of a hub are sent; undefined for here. */
  #redirect(hubEndpoint: HubEndpoint | undefined): Redirect | undefined {
    const service = this.#service;
    if (service === undefined || hubEndpoint === undefined) return undefined;
    return (user, request) => service.redirect(hubEndpoint, user, request);
  }

  /** Why it can't be connected to a service. */
  #objection(): string | undefined {
    if (this.#service !== undefined) return 'it was connected before';
    if (this.#options.backplane !== undefined) return 'its option backplane joins it to other servers';
    return [...this.#hubs.values()].some(({ health }) => health.connections > 0) ? 'its hubs have clients already' : undefined;
  }

  async #serve(raw: IterableConnection, path: string, handler: (connection: RawConnection<User>) => unknown): Promise<void> {
    try {
      await handler(raw as RawConnection<unknown> as RawConnection<User>);
      raw.close();
    } catch (error) {
      this.#surroundings.log(hubEvents.handlerFailed, { path, connectionId: raw.id }, error);
      raw.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #checkProtocols({ supportedProtocols }: HubSettings): void {
    const known = this.#surroundings.protocols.map(({ name }) => name);
    const unknown = supportedProtocols?.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const expected = `names among ${known.map((name) => `'${name}'`).join(', ')}`;
    throw codedError('SIGNALBOX_INVALID_OPTION', { option: 'supportedProtocols', given: describe(unknown), expected });
  }

  #checkOpen(action: string): void {
    if (this.#closed !== undefined) throw codedError('SIGNALBOX_SERVER_CLOSED', { action });
  }

  async #close(timeout: number): Promise<void> {
    const { wheel } = this.#surroundings;
    // Before a hub says farewell to anybody: all ends from here on are the host's.
    this.#routes.refuse();
    // Without a service, the time runs from this turn on.
    if (this.#service !== undefined) await this.#service.leave(timeout);
    const stopped = this.#stop();
    await Promise.race([stopped, wheel.pause(timeout)]);
    for (const server of this.#hubs.values()) await server.close();
    await this.#service?.end();
    for (const detach of this.#detach.splice(0)) detach();
    wheel.close();
    this.#left = true;
  }

  async #stop(): Promise<void> {
    const hubs = [...this.#hubs.values()].map((server) => server.stop());
    await Promise.all([...hubs, this.#routes.close()]);
  }
}
