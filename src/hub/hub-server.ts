import type { Audience } from '../backplane/audience.ts';
import type { Backplane } from '../backplane/backplane.ts';
import { codedError, SignalboxError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { DONE, isPromise } from '../base/promise.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import { MessageType } from '../protocol/hub/message.ts';
import { SharedMessage } from '../protocol/hub/shared-message.ts';
import type { HubTelemetry, Telemetry } from '../telemetry/telemetry.ts';
import type { Connection } from '../transport/connection.ts';
import { ClientRequests } from './client-requests.ts';
import { ClientTargets } from './client-targets.ts';
import type { DefinedHub } from './define-hub.ts';
import type { HubFilter } from './filter.ts';
import type { HubHealth } from './health.ts';
import { HubConnection } from './hub-connection.ts';
import type { HostedConnection, HubHost } from './hub-host.ts';
import type { HubSettings } from './options.ts';
import type { CallerClients, CallerGroups, HubClients, HubGroups } from './targets.ts';

/** What the hubs of one host share. */
export interface HubSurroundings {
  readonly protocols: readonly HubProtocol[];
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly telemetry?: Telemetry | undefined;
  readonly filters: readonly HubFilter<unknown>[];
  readonly userIdOf: (user: unknown) => string | undefined;
}

/** One hub, running: its connections on whatever endpoints, and what is said to them. */
export class HubServer implements HubHost {
  readonly name: string;
  readonly definition: DefinedHub;
  backplane: Backplane;
  readonly filters: readonly HubFilter<unknown>[];
  readonly groups: HubGroups;
  readonly telemetry: HubTelemetry | undefined;
  readonly ping = new SharedMessage({ type: MessageType.ping });
  readonly #surroundings: HubSurroundings;
  readonly #targets: ClientTargets;
  readonly #connections = new Set<HostedConnection>();
  #watched: (() => void) | undefined;
  #emptied: (() => void) | undefined;

  /** @param settings - the hub's own, for what does not belong to an endpoint */
  constructor(name: string, definition: DefinedHub, backplane: Backplane, surroundings: HubSurroundings, settings: HubSettings) {
    this.name = name;
    this.definition = definition;
    this.backplane = backplane;
    this.filters = [...surroundings.filters, ...definition.filters];
    this.telemetry = surroundings.telemetry?.hub?.(name);
    this.#surroundings = surroundings;
    this.#watched = this.#watch();
    // A getter of an object has its own `this`.
    const server = this as Pick<HubServer, 'backplane'>;
    const requests = new ClientRequests(this, definition.results, surroundings.wheel, settings.clientResultTimeout, this.telemetry);
    this.#targets = new ClientTargets({
      get tellsCaller() {
        return server.backplane.keepsCallerOrder === true;
      },
      send: (audience, target, args, caller) => this.#send(audience, target, args, caller),
      ask: (connectionId, target, args, options) => requests.ask(connectionId, target, args, options),
    });
    this.groups = {
      join: (connectionId, group) => settled(() => this.backplane.join(connectionId, group)),
      leave: (connectionId, group) => settled(() => this.backplane.leave(connectionId, group)),
    };
  }

  /** Joins another farm, instead of the one before, as long as it has no client. */
  async rejoin(backplane: Backplane): Promise<void> {
    const before = this.backplane;
    this.#watched?.();
    this.backplane = backplane;
    this.#watched = this.#watch();
    await before.close();
  }

  get protocols(): readonly HubProtocol[] {
    return this.#surroundings.protocols;
  }

  get wheel(): TimerWheel {
    return this.#surroundings.wheel;
  }

  get log(): Log {
    return this.#surroundings.log;
  }

  get clients(): HubClients<unknown> {
    return this.#targets.clients;
  }

  userIdOf(user: unknown): string | undefined {
    return user === undefined ? undefined : this.#surroundings.userIdOf(user);
  }

  clientsFor(connectionId: string): CallerClients<unknown> {
    return this.#targets.clientsFor(connectionId);
  }

  groupsFor(connectionId: string): CallerGroups {
    return {
      join: (group) => this.groups.join(connectionId, group),
      leave: (group) => this.groups.leave(connectionId, group),
    };
  }

  get health(): HubHealth {
    const { state, figures } = this.backplane;
    return { name: this.name, connections: this.#connections.size, ...(state && { backplane: state }), ...(figures && { figures }) };
  }

  /** A client has come, on an endpoint with these settings. */
  opened(connection: Connection, settings: HubSettings): void {
    const client = new HubConnection(connection, this, settings);
    this.#connections.add(client);
    client.start();
  }

  gone(connection: HostedConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#emptied?.();
  }

  /** Tells every client to come back later, and resolves when the last farewell is over. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.end(undefined, true);
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  /** Leaves the farm, after `stop`. */
  async close(): Promise<void> {
    await this.backplane.close();
    this.#watched?.();
  }

  #watch(): (() => void) | undefined {
    return this.backplane.state === undefined ? undefined : this.telemetry?.joined?.(this.backplane);
  }

  #send(audience: Audience, target: string, args: readonly unknown[], caller: string | undefined): Promise<void> {
    const message = new SharedMessage({ type: MessageType.invocation, target, arguments: args });
    return settled(() => this.backplane.send(audience, message, caller), target);
  }
}

/** A promise of what a backplane does. Where nothing has to be waited for it is always the same one. */
function settled(action: () => void | Promise<void>, target?: string): Promise<void> {
  try {
    const done = action();
    return isPromise(done) ? done : DONE;
  } catch (error) {
    if (target !== undefined && error instanceof TypeError) return Promise.reject(notSerialisable(target, error));
    const refused: Promise<void> = Promise.reject(error instanceof Error ? error : new Error(String(error)));
    // What a backplane refuses, because it is closing, say, must not end the process of who does not wait for it.
    if (error instanceof SignalboxError) refused.catch(() => undefined);
    return refused;
  }
}

function notSerialisable(target: string, cause: TypeError): Error {
  return codedError('SIGNALBOX_NOT_SERIALISABLE', { what: `The arguments of '${target}'`, reason: cause.message }, { cause });
}
