import type { BackplaneState } from '../backplane/backplane.ts';
import type { Log } from '../base/log.ts';
import { Timer, type TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { FlowControlOperation, FlowControlTarget } from '../protocol/service/codes.ts';
import type { ServiceMessage, ServiceMessageOf, ServiceMessageType } from '../protocol/service/messages.ts';
import { PingKey, pingValue } from '../protocol/service/ping.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import type { ConnectionTelemetry } from '../transport/telemetry.ts';
import type { AckIds } from './acks.ts';
import { relayedIdentity, type ClaimSet } from './claims.ts';
import { appServerEvents } from './log-events.ts';
import type { AppServerSettings } from './options.ts';
import { RelayedConnection, type RelayedOwner } from './relayed-connection.ts';
import { headerOf, negotiatedPath, RelayedRequest, transportOf } from './relayed-request.ts';
import type { Dialling, ServerConnection } from './server-connection.ts';
import { ServerConnections, type HubListener } from './server-connections.ts';
import { ServiceBackplane } from './service-backplane.ts';

const INSTANCE = 'asrs-instance-id';
const MIGRATE_FROM = 'asrs-migrate-from';

type Take<Type extends ServiceMessageType> = (message: ServiceMessageOf<Type>, connection: ServerConnection) => void;

/** What is done with each kind of message; the others are not for app servers. */
type Taken = { readonly [Type in ServiceMessageType]?: Take<Type> };

/** Where a hub is served, by path: what is done with a client that negotiated there. */
export interface ServedPath {
  opened(connection: RelayedConnection): void;
  /** Bytes of the largest message that is taken of a client; null for no limit. */
  readonly messageSize: number | null;
  /** Where somebody counts connections. */
  readonly telemetry: (() => ConnectionTelemetry) | undefined;
}

/** What a hub behind the service works with. */
export interface ServiceHubParts {
  /** Its name on the wire. */
  readonly hub: string;
  readonly serverId: string;
  readonly dialling: Dialling;
  readonly protocols: readonly HubProtocol[];
  readonly ackIds: AckIds;
  /** Makes a host's user of claims. */
  readonly userOf: (claims: ClaimSet | undefined, request: ConnectionRequest) => unknown;
  /** The paths of the hub; the first is for clients that name none. */
  readonly paths: ReadonlyMap<string, ServedPath>;
  /** A server connection stands, or is gone. */
  changed(): void;
}

/** One hub as an app server of the service: its server connections, the clients that they carry, and what it sends. */
export class ServiceHub implements HubListener, RelayedOwner {
  readonly backplane: ServiceBackplane;
  readonly settings: AppServerSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly #parts: ServiceHubParts;
  readonly #connections: ServerConnections;
  readonly #clients = new Map<string, RelayedConnection>();
  readonly #taken: Taken;
  #stood = false;
  #emptied: (() => void) | undefined;

  constructor(parts: ServiceHubParts) {
    const { settings, wheel, log } = parts.dialling;
    this.settings = settings;
    this.wheel = wheel;
    this.log = log;
    this.#parts = parts;
    this.#connections = new ServerConnections(parts.dialling, this);
    this.backplane = new ServiceBackplane({
      serverId: parts.serverId,
      protocols: parts.protocols,
      wheel,
      ackIds: parts.ackIds,
      ackTimeout: settings.ackTimeout,
      state: () => this.state,
      choose: (key) => this.#connections.choose(key),
      client: (connectionId) => this.#clients.get(connectionId),
    });
    this.#taken = this.#whatIsTaken();
  }

  get state(): BackplaneState {
    if (this.#connections.size > 0) return 'connected';
    return this.#stood ? 'down' : 'connecting';
  }

  get clients(): number {
    return this.#clients.size;
  }

  start(): void {
    this.#connections.start();
  }

  /** Announces that this server leaves; the clients are told to come back, or waited for. */
  async leave(): Promise<void> {
    const { mode, timeout } = this.settings.gracefulShutdown;
    const deadline = this.wheel.now() + timeout;
    await this.#connections.leave(mode, timeout);
    if (mode !== 'off') await this.#empty(Math.max(0, deadline - this.wheel.now()));
    for (const client of this.#clients.values()) client.sendAway();
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  // RelayedOwner

  forget(connection: RelayedConnection): void {
    if (this.#clients.get(connection.id) !== connection) return;
    this.#clients.delete(connection.id);
    if (this.#clients.size === 0) this.#emptied?.();
  }

  // HubListener

  changed(): void {
    if (this.#connections.size > 0) this.#stood = true;
    this.#parts.changed();
  }

  lost(connection: ServerConnection, error: Error | undefined): void {
    this.backplane.lost(connection, error, this.#connections.size === 0);
  }

  received(connection: ServerConnection, message: ServiceMessage): void {
    (this.#taken[message.type] as Take<ServiceMessage['type']> | undefined)?.(message, connection);
  }

  #whatIsTaken(): Taken {
    const { backplane, log } = this;
    const { hub } = this.#parts;
    const { results } = backplane;
    return {
      openConnection: (message, connection) => this.#open(connection, message),
      connectionData: (message) => this.#client(message)?.received(message.payload, message.extension.isPartial === true),
      // To be moved to another server is to be gone without a word.
      closeConnection: (message) => this.#client(message)?.ended(message.error === '' ? undefined : new Error(message.error)),
      connectionReconnect: (message) => this.#client(message)?.reconnected(),
      connectionFlowControl: (message, connection) => this.#controlFlow(connection, message),
      ping: (message, connection) => this.#heardPing(connection, message),
      ack: (message) => backplane.acknowledged(message),
      clientInvocation: (message) => backplane.asked(message),
      clientCompletion: (message) => results.completed(message),
      errorCompletion: (message) => results.failed(message),
      serviceMapping: (message) => results.mapped(message),
      serviceError: ({ message }, connection) => {
        log(appServerEvents.serviceError, { hub, message: message ?? '' });
        this.#connections.retire(connection);
      },
      serviceEvent: ({ message, objectType, objectId, kind }) =>
        log(appServerEvents.serviceEvent, { hub, message: message ?? '', objectType, objectId: objectId ?? '', kind }),
    };
  }

  #client({
    type,
    connectionId,
  }: ServiceMessageOf<'connectionData' | 'closeConnection' | 'connectionReconnect'>): RelayedConnection | undefined {
    const client = this.#clients.get(connectionId);
    if (client === undefined) this.log(appServerEvents.unknownClient, { hub: this.#parts.hub, type, connectionId });
    return client;
  }

  #open(server: ServerConnection, opening: ServiceMessageOf<'openConnection'>): void {
    const { connectionId } = opening;
    try {
      // Who comes under an id that is known has lost the connection that had it.
      this.#clients.get(connectionId)?.ended(undefined);
      const { claims, userId, path } = relayedIdentity(opening.claims);
      const { paths, userOf } = this.#parts;
      const served = paths.get(path ?? negotiatedPath(opening.queryString ?? '') ?? '') ?? firstOf(paths);
      const request = new RelayedRequest(opening);
      const client = new RelayedConnection(server, this, {
        id: connectionId,
        user: userOf(claims, request),
        userId,
        request,
        transport: transportOf(opening.headers),
        migrated: headerOf(opening.headers, MIGRATE_FROM) !== undefined,
        instance: headerOf(opening.headers, INSTANCE),
        messageSize: served.messageSize,
        telemetry: served.telemetry?.(),
      });
      this.#clients.set(connectionId, client);
      served.opened(client);
    } catch (error) {
      this.log(appServerEvents.openRefused, { hub: this.#parts.hub, connectionId }, error);
      this.#clients.get(connectionId)?.ended(undefined);
      server.write(writeServiceMessage({ type: 'closeConnection', connectionId, error: '' }));
    }
  }

  #controlFlow(connection: ServerConnection, { connectionId, target, operation }: ServiceMessageOf<'connectionFlowControl'>): void {
    if (target === FlowControlTarget.server) {
      if (operation === FlowControlOperation.offline && connectionId === connection.id) this.#connections.retire(connection);
      return;
    }
    const client = this.#clients.get(connectionId);
    if (operation === FlowControlOperation.resume) client?.goOn(connection);
    if (operation !== FlowControlOperation.pause || client === undefined) return;
    // Behind all that the client was sent until now: that is how the service knows that nothing more comes.
    const paused = { type: 'connectionFlowControl', connectionId, target, operation: FlowControlOperation.pauseAck } as const;
    client.send(writeServiceMessage(paused));
    client.hold();
  }

  #heardPing(connection: ServerConnection, ping: ServiceMessageOf<'ping'>): void {
    const instance = pingValue(ping, PingKey.offline);
    if (typeof instance !== 'string') return;
    this.backplane.results.instanceGone(instance);
    for (const client of this.#clients.values()) if (client.server === connection && client.instance === instance) client.sendAway();
  }

  /** Waits until no client is left, or `timeout` milliseconds. */
  async #empty(timeout: number): Promise<void> {
    if (this.#clients.size === 0) return;
    await new Promise<void>((resolve) => {
      const late = new Timer(resolve);
      this.wheel.arm(late, timeout);
      this.#emptied = () => {
        this.wheel.cancel(late);
        resolve();
      };
    });
  }
}

function firstOf(paths: ReadonlyMap<string, ServedPath>): ServedPath {
  for (const path of paths.values()) return path;
  throw new Error('The hub is served at no path.');
}
