import type { IncomingMessage } from 'node:http';
import type { Log } from '../base/log.ts';
import type { MeteredEndpoint } from '../metering/close-category.ts';
import type { Meter } from '../metering/meter.ts';
import { refused, type Answer } from '../transport/answers.ts';
import { Entry, type Counted, type EntryLimits, type Keys } from '../transport/connection-limits.ts';
import { Crowds } from '../transport/crowds.ts';
import { limitsOf, type HubLimits } from './hub-limits.ts';
import type { LimitSettings } from './limit-options.ts';
import { serviceEvents } from './log-events.ts';

/** Who comes, as far as limits look. */
interface Comer {
  readonly hub: string;
  readonly userId?: string | undefined;
}

/** What limits on connections need of their node. */
export interface QuotaParts {
  readonly limits: LimitSettings;
  readonly meter: Meter;
  readonly log: Log;
}

/** A limit that is reached. */
interface Reached {
  readonly limit: string;
  readonly most: number;
  /** What there are so many of, and whose. */
  readonly what: string;
}

/** The connections of one hub: made for the first, and gone with the last. */
class HubConnections {
  readonly limits: HubLimits;
  readonly users: Crowds<Counted> | undefined;
  clients = 0;
  connections = 0;

  constructor(limits: HubLimits) {
    this.limits = limits;
    if (Number.isFinite(limits.userConnections)) this.users = new Crowds(limits.userConnections, 'refuse');
  }
}

/** How many connections this node takes in: in all, of each hub, of each user. Made where there is such a limit. */
export class ConnectionQuotas {
  readonly #parts: QuotaParts;
  readonly #hubs = new Map<string, HubConnections>();
  #clients = 0;
  #connections = 0;

  constructor(parts: QuotaParts) {
    this.#parts = parts;
  }

  /** Clients and server connections, and those that may still connect. */
  get connections(): number {
    return this.#connections;
  }

  /** Those of clients. */
  get clients(): number {
    return this.#clients;
  }

  /** Hubs and users that are kept in mind. */
  get names(): number {
    return [...this.#hubs.values()].reduce((sum, { users }) => sum + 1 + (users?.size ?? 0), 0);
  }

  /** What one of the endpoints asks. */
  of(endpoint: MeteredEndpoint): EntryLimits {
    return new EndpointQuotas(this, endpoint);
  }

  /** Why one more connection can't be, as an answer; undefined where it can. */
  refusal(endpoint: MeteredEndpoint, { hub, userId }: Comer, session: Counted | undefined): Answer | undefined {
    const known = this.#hubs.get(hub);
    const reached =
      (session?.countedBy === undefined ? this.#reached(endpoint, hub, known) : undefined) ??
      (endpoint === 'Client' && userId !== undefined ? reachedBy(known, userId, session) : undefined);
    if (reached === undefined) return undefined;
    const { limit, most, what } = reached;
    const { limits, meter, log } = this.#parts;
    meter.hub(hub).refused(endpoint, 'Throttled');
    log(serviceEvents.connectionRefused, { hub, limit, most });
    const text = `${what} has as many connections as it may have: ${most} (${limit}). Try again later.`;
    return refused(429, text, Math.ceil(limits.retryAfter / 1_000));
  }

  enter(endpoint: MeteredEndpoint, hub: string): HubConnections {
    const here = this.#hubs.get(hub) ?? this.#made(hub);
    this.#connections++;
    here.connections++;
    if (endpoint === 'Client') {
      this.#clients++;
      here.clients++;
    }
    return here;
  }

  /** The connections of a hub that has some. */
  in(hub: string): HubConnections | undefined {
    return this.#hubs.get(hub);
  }

  left(endpoint: MeteredEndpoint, hub: string): void {
    const here = this.#hubs.get(hub);
    if (here === undefined) return;
    this.#connections--;
    here.connections--;
    if (endpoint === 'Client') {
      this.#clients--;
      here.clients--;
    }
    if (here.connections === 0) this.#hubs.delete(hub);
  }

  #made(hub: string): HubConnections {
    const here = new HubConnections(limitsOf(this.#parts.limits, hub));
    this.#hubs.set(hub, here);
    return here;
  }

  #reached(endpoint: MeteredEndpoint, hub: string, known: HubConnections | undefined): Reached | undefined {
    const { service } = this.#parts.limits;
    const limits = known?.limits ?? limitsOf(this.#parts.limits, hub);
    const [inAll, ofHub] = ['The service', `The hub '${hub}'`];
    const checks: readonly (readonly [limit: string, count: number, most: number, what: string])[] = [
      ['limits.service.connections', this.#connections, service.connections ?? Number.POSITIVE_INFINITY, inAll],
      ['limits.hub.connections', known?.connections ?? 0, limits.connections, ofHub],
      ...(endpoint === 'Server'
        ? []
        : ([
            ['limits.service.clients', this.#clients, service.clients ?? Number.POSITIVE_INFINITY, inAll],
            ['limits.hub.clients', known?.clients ?? 0, limits.clients, ofHub],
          ] as const)),
    ];
    const found = checks.find(([, count, most]) => count >= most);
    return found && { limit: found[0], most: found[2], what: found[3] };
  }
}

function reachedBy(here: HubConnections | undefined, userId: string, session: Counted | undefined): Reached | undefined {
  if (here?.users?.refuses(userId, session) !== true) return undefined;
  return { limit: 'limits.user.connections', most: here.users.limit, what: 'The user' };
}

/** The door of clients, or that of app servers. */
class EndpointQuotas implements EntryLimits {
  readonly #quotas: ConnectionQuotas;
  readonly #endpoint: MeteredEndpoint;

  constructor(quotas: ConnectionQuotas, endpoint: MeteredEndpoint) {
    this.#quotas = quotas;
    this.#endpoint = endpoint;
  }

  admit(_: IncomingMessage, user: unknown, session?: Counted): Entry | Answer {
    const comer = user as Comer;
    return this.#quotas.refusal(this.#endpoint, comer, session) ?? new Entry(this, [comer.hub, comer.userId]);
  }

  wait(session: Counted, keys: Keys): void {
    const { users } = this.#enter(session, keys);
    const [, userId] = keys;
    if (userId !== undefined) users?.wait(userId, session)?.end(0);
  }

  /** Who negotiated has its place. */
  connect(session: Counted, keys: Keys): void {
    const [hub = '', userId] = keys;
    const here = session.countedBy === undefined ? this.#enter(session, keys) : this.#quotas.in(hub);
    if (userId !== undefined) here?.users?.connect(userId, session);
  }

  leave(session: Counted): void {
    const { countedBy } = session;
    if (countedBy === undefined) return;
    session.countedBy = undefined;
    const [hub = '', userId] = countedBy;
    if (userId !== undefined) this.#quotas.in(hub)?.users?.leave(userId, session);
    this.#quotas.left(this.#endpoint, hub);
  }

  #enter(session: Counted, keys: Keys): HubConnections {
    session.countedBy = keys;
    return this.#quotas.enter(this.#endpoint, keys[0] ?? '');
  }
}
