/**
 * `signalbox/redis`: joins the servers of a farm over Redis, those of ASP.NET Core SignalR among them.
 *
 * @module
 */
import { EventEmitter } from 'node:events';
import type { BackplaneFactory } from './backplane/backplane.ts';
import { codedError } from './base/errors.ts';
import { defineHub, type Hub } from './hub/define-hub.ts';
import { SignalR, type HubHandle, type SignalROptions } from './hub/signalr.ts';
import { parseAddress } from './redis/address.ts';
import { clientFactory, type RedisClientFactory } from './redis/client.ts';
import type { RedisAddress } from './redis/connection-string.ts';
import type { RedisFigures } from './redis/figures.ts';
import type { RedisEvents, RedisState } from './redis/link-state.ts';
import { redisEvents } from './redis/log-events.ts';
import { redisSettings, type RedisOptions } from './redis/options.ts';
import { RedisBackplane, type RedisFarm } from './redis/redis-backplane.ts';

export type { Recovered } from './redis/catch-up.ts';
export type { RedisClientFactory, RedisRole } from './redis/client.ts';
export type { RedisFigures } from './redis/figures.ts';
export type { RedisEvents, RedisState } from './redis/link-state.ts';
export type { RedisOptions } from './redis/options.ts';

/** Makes the backplane of each hub, and tells how they are. */
export interface RedisBackplaneFactory extends BackplaneFactory {
  /** How the hubs are connected: `down` if one of them is, and `connected` if all are. */
  readonly state: RedisState;
  /** Payloads that came from Redis and that no server of the farm would send; they were dropped. */
  readonly foreignPayloads: number;
  /** What waits for Redis and what was given up, of each hub. */
  readonly figures: readonly RedisFigures[];
  /** `failed`, `restored`, `recovered`, `lost`, `silent` and `heard`, for each hub. */
  readonly events: EventEmitter<RedisEvents>;
}

/**
 * Joins the servers of a farm over Redis, for the option `backplane` of a host. Each hub takes two connections.
 *
 * @param where - `redis://user:password@host:port`, `rediss://` for TLS, a connection string of StackExchange.Redis, or a function that makes clients of
 *   `ioredis`, one for each role of each hub
 * @param options - these count before what the address says
 * @throws SignalboxError SIGNALBOX_REDIS_ADDRESS, SIGNALBOX_INVALID_OPTION
 */
export function redis(where: string | RedisClientFactory, options: RedisOptions = {}): RedisBackplaneFactory {
  return backplanesAt(where, options, true);
}

/** How an emitter sends. */
export interface RedisEmitterOptions extends RedisOptions, Pick<SignalROptions, 'protocols' | 'log'> {}

/** Sends to the clients of a farm, Node servers or .NET ones, from a process that serves none. */
export interface RedisEmitter {
  /** Whether Redis can be reached, as of a backplane. */
  readonly state: RedisState;
  /**
   * The clients and groups of a hub that has a name.
   *
   * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a hub without one
   */
  hub<Server, Client, User>(hub: Hub<Server, Client, User>): HubHandle<Client>;
  /** The same where only the name is known; in a farm with .NET servers, the full name of the hub's type. */
  hub<Client = object>(name: string): HubHandle<Client>;
  /** Ends it, after Redis has taken what was sent. */
  close(): Promise<void>;
}

/**
 * Makes an emitter. Each hub takes two connections, from its first use on.
 *
 * @throws SignalboxError SIGNALBOX_REDIS_ADDRESS, SIGNALBOX_INVALID_OPTION
 */
export function redisEmitter(where: string | RedisClientFactory, options: RedisEmitterOptions = {}): RedisEmitter {
  const { protocols, log, ...rest } = options;
  const backplane = backplanesAt(where, rest, false);
  const signalr = new SignalR<unknown>({ backplane, ...(protocols && { protocols }), ...(log && { log }) });
  const hubs = new Map<AnyHub | string, AnyHub>();
  return {
    get state() {
      return backplane.state;
    },
    hub(given: AnyHub | string) {
      const hub = hubs.get(given) ?? named(given);
      // No server is attached to this host: the path is never asked for.
      if (!hubs.has(given)) signalr.map(`/${hubs.size}`, hub);
      hubs.set(given, hub);
      return signalr.hub(hub) as HubHandle<never>;
    },
    close: () => signalr.close(),
  };
}

type AnyHub = Hub<unknown, unknown, unknown>;

function named(hub: AnyHub | string): AnyHub {
  if (typeof hub === 'string') return defineHub<object, unknown>()({ name: hub, methods: {} });
  if (hub.name === undefined)
    throw codedError('SIGNALBOX_INVALID_OPTION', {
      option: 'name of a hub',
      given: 'undefined',
      expected: 'the name that the farm knows it by',
    });
  return hub;
}

function backplanesAt(where: string | RedisClientFactory, options: RedisOptions, serves: boolean): RedisBackplaneFactory {
  const { tls, clientLog = () => undefined, ...given } = options;
  const address = typeof where === 'string' ? parseAddress(where) : undefined;
  const settings = redisSettings(address?.options, given);
  const events = new EventEmitter<RedisEvents>();
  const open = address === undefined ? (where as RedisClientFactory) : clientFactory(address, settings, tls);
  const farm: RedisFarm = { open, serves, settings, endpoint: shown(address), events, clientLog };
  const backplanes = new Set<RedisBackplane>();
  let ignored = address?.ignored ?? [];
  const make: BackplaneFactory = (hub, context) => {
    for (const key of ignored) context.log(redisEvents.keyIgnored, { key });
    ignored = [];
    const backplane = new RedisBackplane(hub, context, farm);
    backplanes.add(backplane);
    return backplane;
  };
  return Object.defineProperties(make, {
    state: { get: () => stateOf(backplanes) },
    foreignPayloads: { get: () => [...backplanes].reduce((sum, { foreignPayloads }) => sum + foreignPayloads, 0) },
    figures: { get: () => [...backplanes].filter(({ closed }) => !closed).map(({ figures }) => figures) },
    events: { value: events },
  }) as RedisBackplaneFactory;
}

function stateOf(backplanes: ReadonlySet<RedisBackplane>): RedisState {
  const states = [...backplanes].filter(({ closed }) => !closed).map(({ state }) => state);
  if (states.includes('down')) return 'down';
  return states.length === 0 || states.includes('connecting') ? 'connecting' : 'connected';
}

function shown(address: RedisAddress | undefined): string {
  return address === undefined ? '(own clients)' : `${address.host}:${address.port}`;
}
