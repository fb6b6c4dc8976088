import { AppServer } from '../app-server/app-server.ts';
import type { ClaimSet } from '../app-server/claims.ts';
import type { AppServerOptions } from '../app-server/options.ts';
import type { BackplaneState } from '../backplane/backplane.ts';
import type { MaybePromise } from '../base/promise.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import type { ConnectionSettings, UserTraits } from '../transport/options.ts';
import type { Redirection } from '../transport/redirection.ts';
import type { EndpointTelemetry } from '../transport/telemetry.ts';
import type { Claims } from './claims.ts';
import type { HubServer, HubSurroundings } from './hub-server.ts';
import type { HubSettings } from './options.ts';

/** How a host is connected to a service. */
export interface ConnectOptions<User = Claims> extends AppServerOptions {
  /**
   * The claims that a user's access token for the service carries, at negotiate: plain data, which comes back with the client's connection. Default: the
   * user itself, which is fine for one that is plain data, and short.
   */
  readonly claims?: (user: User) => Claims;
  /**
   * Makes `user` in hub methods of the claims that came back, which are text or lists of texts. Needed where a host's user is a type of its own.
   * Default: the claims.
   */
  readonly user?: (claims: Claims, request: ConnectionRequest) => User;
}

/** A host's connection to its service. */
export interface ServiceHandle {
  /** Resolves when each hub that is mapped at this moment has a server connection; rejects when it is closed before. */
  readonly connected: Promise<void>;
  /** `connecting` until `connected`, and `down` while a hub has lost all its server connections. */
  readonly state: BackplaneState;
  /**
   * Leaves the service: its clients are let go as `gracefulShutdown` says. The host itself stays open, and serves its hubs to nobody.
   *
   * @param options - `timeout`: milliseconds that clients and handlers have to finish, beside the time of `gracefulShutdown`. Default 5,000
   */
  close(options?: { readonly timeout?: number }): Promise<void>;
}

/** A path at which a hub is served. */
export interface HubEndpoint {
  readonly path: string;
  readonly server: HubServer;
  readonly settings: HubSettings;
  readonly connections: ConnectionSettings;
  readonly telemetry: EndpointTelemetry | undefined;
}

/** A host's user is a type of its own only to its users: what it is made of is handed back to the functions that were written for it. */
interface UserHooks {
  readonly claims: ((user: unknown) => Claims) | undefined;
  readonly user: ((claims: Claims, request: ConnectionRequest) => unknown) | undefined;
}

/** What the options say about a host's users. */
export function userHooks<User>({ claims, user }: ConnectOptions<User>): UserHooks {
  return { claims: claims as UserHooks['claims'], user };
}

const CLOSE_TIMEOUT = 5_000;

/** A host's service: its hubs are connected to it, and clients of their paths are sent there. */
export class ConnectedService implements ServiceHandle {
  readonly #app: AppServer;
  readonly #surroundings: HubSurroundings;
  readonly #users: UserTraits;
  readonly #claimsOf: (user: unknown) => ClaimSet;
  /** The hubs that are connected, with their names there. */
  readonly #hubs = new Map<HubServer, string>();
  #left: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws SignalboxError SIGNALBOX_CONNECTION_STRING, SIGNALBOX_INVALID_OPTION */
  constructor(connectionString: string, options: AppServerOptions, hooks: UserHooks, surroundings: HubSurroundings, users: UserTraits) {
    const { claims, user } = hooks;
    const { protocols, wheel, log } = surroundings;
    this.#surroundings = surroundings;
    this.#users = users;
    this.#claimsOf = claims ?? ownClaims;
    const userOf = (given: ClaimSet | undefined, request: ConnectionRequest): unknown =>
      given === undefined || user === undefined ? given : user(given, request);
    this.#app = new AppServer(connectionString, options, { protocols, wheel, log, userOf });
  }

  get connected(): Promise<void> {
    return this.#app.connected;
  }

  get state(): BackplaneState {
    return this.#app.state;
  }

  /**
   * Serves a hub's path to clients of the service. The first path of a hub connects it.
   *
   * @throws SignalboxError SIGNALBOX_CANT_CONNECT
   */
  add({ path, server, settings, connections, telemetry }: HubEndpoint): void {
    const name = this.#hubs.get(server) ?? this.#join(server);
    this.#app.serve(name, path, {
      opened: (connection) => server.opened(connection, settings),
      messageSize: settings.maximumReceiveMessageSize,
      telemetry: telemetry && (() => telemetry.opened('webSockets')),
      transports: connections.transports,
      handshakeTimeout: settings.handshakeTimeout,
      enableDetailedErrors: settings.enableDetailedErrors,
      allowStatefulReconnects: connections.allowStatefulReconnects,
    });
  }

  /** Where a client of a path is to connect. */
  redirect({ path, server, connections }: HubEndpoint, user: unknown, request: ConnectionRequest): MaybePromise<Redirection> {
    const known = user !== undefined && user !== null;
    return this.#app.redirect(this.#hubs.get(server) ?? '', path, {
      claims: known ? this.#claimsOf(user) : undefined,
      userId: known ? this.#users.idOf(user) : undefined,
      closesAt: known && connections.closeOnAuthenticationExpiration ? this.#users.expiryOf(user) : undefined,
      query: request.url.search,
    });
  }

  async close({ timeout = CLOSE_TIMEOUT }: { readonly timeout?: number } = {}): Promise<void> {
    await this.leave(timeout);
    await this.end();
  }

  /** Takes leave of the service and of all clients; what they are told on their farewell still goes out. */
  leave(timeout: number): Promise<void> {
    this.#left ??= this.#leave(timeout);
    return this.#left;
  }

  /** Closes the server connections, after `leave`. */
  end(): Promise<void> {
    this.#closed ??= this.#app.close();
    return this.#closed;
  }

  #join(server: HubServer): string {
    const { wireName, backplane } = this.#app.add(server.name);
    this.#hubs.set(server, wireName);
    void server.rejoin(backplane);
    return wireName;
  }

  async #leave(timeout: number): Promise<void> {
    const { wheel } = this.#surroundings;
    const left = this.#app.leave().then(() => Promise.all([...this.#hubs.keys()].map((server) => server.stop())));
    await Promise.race([left, wheel.pause(timeout + this.#app.patience)]);
  }
}

function ownClaims(user: unknown): ClaimSet {
  return typeof user === 'object' && user !== null ? (user as ClaimSet) : {};
}
