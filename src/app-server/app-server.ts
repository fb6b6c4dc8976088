import { randomUUID } from 'node:crypto';
import { arch, hostname, platform } from 'node:os';
import { AccessTokens } from '../authentication/access-token.ts';
import { parseServiceConnectionString, type ServiceEndpoint } from '../authentication/connection-string.ts';
import type { Backplane, BackplaneContext, BackplaneState } from '../backplane/backplane.ts';
import { codedError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { MigrationLevel } from '../protocol/service/codes.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import type { Redirection } from '../transport/redirection.ts';
import { AckIds } from './acks.ts';
import type { ClaimSet } from './claims.ts';
import { appServerSettings, type AppServerOptions, type AppServerSettings } from './options.ts';
import { redirection, type EndpointTraits, type NegotiatingClient } from './redirection.ts';
import type { Dialling } from './server-connection.ts';
import { ServiceHub, type ServedPath } from './service-hub.ts';

/** A path at which clients of a hub negotiate. */
export interface HubPath extends ServedPath, EndpointTraits {
  /** Whether clients may come back to their connections by another socket. */
  readonly allowStatefulReconnects: boolean;
}

/** What an app server needs of its host. */
export interface AppServerParts extends BackplaneContext {
  readonly userOf: (claims: ClaimSet | undefined, request: ConnectionRequest) => unknown;
}

/** A hub that is connected: its paths, which may still become more. */
interface Connected {
  readonly hub: ServiceHub;
  readonly paths: Map<string, HubPath>;
}

const LONGEST_NAME = 128;

/** One process as an app server of a service, with all its hubs. */
export class AppServer {
  readonly #endpoint: ServiceEndpoint;
  readonly #settings: AppServerSettings;
  readonly #parts: AppServerParts;
  readonly #tokens: AccessTokens;
  readonly #serverId = `${hostname()}_${randomUUID().replaceAll('-', '')}`;
  readonly #ackIds = new AckIds();
  /** By their names on the wire. */
  readonly #hubs = new Map<string, Connected>();
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #leaving = false;

  /** @throws SignalboxError SIGNALBOX_CONNECTION_STRING, SIGNALBOX_INVALID_OPTION */
  constructor(connectionString: string, options: AppServerOptions, parts: AppServerParts) {
    this.#endpoint = parseServiceConnectionString(connectionString);
    this.#settings = appServerSettings(options);
    this.#parts = parts;
    const { accessTokenLifetime: lifetime, accessTokenAlgorithm: algorithm } = this.#settings;
    this.#tokens = new AccessTokens(this.#endpoint, { lifetime, algorithm });
  }

  /** `connected`: each hub has a server connection. `down`: one has none any more. */
  get state(): BackplaneState {
    const states = new Set([...this.#hubs.values()].map(({ hub }) => hub.state));
    if (states.has('down')) return 'down';
    return states.has('connecting') ? 'connecting' : 'connected';
  }

  /** Resolves when each hub that there is has a server connection. */
  get connected(): Promise<void> {
    if (this.state === 'connected') return Promise.resolve();
    const connected = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    connected.catch(() => undefined);
    return connected;
  }

  /** Milliseconds that leaving may take. */
  get patience(): number {
    const { mode, timeout } = this.#settings.gracefulShutdown;
    return mode === 'off' ? 0 : timeout;
  }

  /**
   * Connects a hub. It is dialled when the current turn is over, so that its paths are known.
   *
   * @param name - the hub's; on the wire it is in lower case, behind the application's
   * @throws SignalboxError SIGNALBOX_CANT_CONNECT where another hub has the name
   */
  add(name: string): { readonly wireName: string; readonly backplane: Backplane } {
    const { applicationName } = this.#settings;
    const wireName = `${applicationName === null ? '' : `${applicationName}_`}${wireText(name)}`.toLowerCase().slice(0, LONGEST_NAME);
    if (this.#hubs.has(wireName))
      throw codedError('SIGNALBOX_CANT_CONNECT', { reason: `two of its hubs are '${wireName}' to the service` });
    const paths = new Map<string, HubPath>();
    const { protocols, userOf } = this.#parts;
    const hub = new ServiceHub({
      hub: wireName,
      serverId: this.#serverId,
      dialling: this.#dialling(wireName, paths),
      protocols,
      ackIds: this.#ackIds,
      userOf,
      paths,
      changed: () => this.#changed(),
    });
    this.#hubs.set(wireName, { hub, paths });
    queueMicrotask(() => this.#leaving || hub.start());
    return { wireName, backplane: hub.backplane };
  }

  /** Serves a hub at one more path. */
  serve(wireName: string, path: string, served: HubPath): void {
    this.#hubs.get(wireName)?.paths.set(path, served);
  }

  /** Where a client that negotiates at a path is to connect. */
  redirect(wireName: string, path: string, client: NegotiatingClient): Redirection | Promise<Redirection> {
    const connected = this.#hubs.get(wireName);
    const endpoint = connected?.paths.get(path);
    if (this.#leaving) return { status: 503, text: 'The server is closing. Try again later.' };
    if (endpoint === undefined || connected?.hub.state !== 'connected') {
      return { status: 500, text: 'The server has no connection to its service yet. Try again later.' };
    }
    const { clientUrl } = this.#endpoint;
    const parts = {
      hub: wireName,
      clientUrl,
      serverId: this.#serverId,
      tokens: this.#tokens,
      settings: this.#settings,
      log: this.#parts.log,
    };
    return redirection(parts, path, endpoint, client);
  }

  /** Announces that this server leaves, and lets its clients go as `gracefulShutdown` says. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const error = codedError('SIGNALBOX_SERVER_CLOSED', { action: 'connecting to a service' });
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    await Promise.all([...this.#hubs.values()].map(({ hub }) => hub.leave()));
  }

  /** Closes the server connections. */
  async close(): Promise<void> {
    this.#leaving = true;
    await Promise.all([...this.#hubs.values()].map(({ hub }) => hub.close()));
  }

  #dialling(hub: string, paths: ReadonlyMap<string, HubPath>): Dialling {
    const { wheel, log } = this.#parts;
    return {
      hub,
      url: `${this.#endpoint.serverUrl.replace(/^http/, 'ws')}server/?hub=${hub}`,
      headers: {
        'Asrs-User-Agent': `Signalbox/${VERSION} (Node ${process.version}; ${platform()}; ${arch()})`,
        'X-ASRS-Server-Id': this.#serverId,
        'X-Requested-With': 'XMLHttpRequest',
      },
      token: () => this.#tokens.forServer(hub, this.#serverId),
      allowStatefulReconnects: () => [...paths.values()].some(({ allowStatefulReconnects }) => allowStatefulReconnects),
      migrationLevel: this.#settings.gracefulShutdown.mode === 'migrateClients' ? MigrationLevel.shutdown : MigrationLevel.off,
      settings: this.#settings,
      wheel,
      log,
    };
  }

  #changed(): void {
    if (this.state !== 'connected') return;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }
}

/** A name as the service takes it: a hub without one is called by its path. */
function wireText(name: string): string {
  const text = name.replace(/^\/+|\/+$/g, '').replaceAll(/[^\w`,.[\]]/g, '_');
  return /^[a-z]/i.test(text) ? text : `hub_${text}`;
}
