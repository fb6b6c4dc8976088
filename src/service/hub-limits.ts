import type { HubLimitOptions, LimitSettings } from './limit-options.ts';

/** A rate of messages, and how many may come at once. */
export interface MessageRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The limits of one hub, its own where it has any. Infinity and undefined: there is none. */
export interface HubLimits {
  readonly connections: number;
  readonly clients: number;
  readonly rate: MessageRate | undefined;
  readonly userConnections: number;
  readonly userRate: MessageRate | undefined;
  readonly messageSize: number;
  readonly groupsPerConnection: number;
  readonly queuedBytes: number;
}

/** Those that belong to one connection, and so have one value in a hub. */
type SingleLimit = 'messageSize' | 'groupsPerConnection' | 'queuedBytes';

const UNLIMITED = Number.POSITIVE_INFINITY;

export function limitsOf(limits: LimitSettings, name: string): HubLimits {
  const { hub, user, hubs } = limits;
  const own = ownOf(hubs, name);
  const single = (limit: SingleLimit): number => (own?.[limit] === undefined ? limits[limit] : own[limit]) ?? UNLIMITED;
  const [here, users] = [merged(hub, own?.hub), merged(user, own?.user)];
  return {
    connections: here.connections ?? UNLIMITED,
    clients: here.clients ?? UNLIMITED,
    rate: rateOf(here),
    userConnections: users.connections ?? UNLIMITED,
    userRate: rateOf(users),
    messageSize: single('messageSize'),
    groupsPerConnection: single('groupsPerConnection'),
    queuedBytes: single('queuedBytes'),
  };
}

export function rateOf({
  messagesPerSecond,
  messageBurst,
}: {
  readonly messagesPerSecond: number | null;
  readonly messageBurst: number | null;
}): MessageRate | undefined {
  return messagesPerSecond === null ? undefined : { perSecond: messagesPerSecond, burst: messageBurst ?? messagesPerSecond };
}

/** Whether connections are limited anywhere. */
export function limitsConnections({ service, hub, user, hubs }: LimitSettings): boolean {
  const own = Object.values(hubs ?? {});
  const all = [service, hub, ...own.map((limits) => limits.hub ?? {})];
  const users = [user, ...own.map((limits) => limits.user ?? {})];
  return (
    all.some(({ connections, clients }) => isSet(connections) || isSet(clients)) || users.some(({ connections }) => isSet(connections))
  );
}

const isSet = (limit: number | null | undefined): boolean => limit !== null && limit !== undefined;

/** Names of hubs mean the same in any case. */
function ownOf(hubs: LimitSettings['hubs'], name: string): HubLimitOptions | undefined {
  const lower = name.toLowerCase();
  const entry = Object.entries(hubs ?? {}).find(([hub]) => hub.toLowerCase() === lower);
  return entry?.[1];
}

/** What is given counts, null included; what is left out is as for all. */
function merged<Limits extends object>(all: Limits, own: Partial<Limits> | undefined): Limits {
  const given = Object.entries(own ?? {}).filter(([, value]) => value !== undefined);
  return { ...all, ...Object.fromEntries(given) };
}
