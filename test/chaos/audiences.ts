/** The servers of the farm. */
export const SERVERS = 3;
const GUESTS_EACH = 3;

/** A client, as the plan knows it: its connection and its server may change, its name stays. */
export interface Guest {
  readonly name: string;
  /** The server that it begins at. */
  readonly home: number;
  readonly user: string;
  readonly groups: readonly string[];
  readonly protocol: 'json' | 'messagepack';
}

/** Three at each server; the three connections of a user are at three servers; each group has members at each server. */
export const guests: readonly Guest[] = Array.from({ length: SERVERS * GUESTS_EACH }, (_, index) => ({
  name: `c${index}`,
  home: Math.trunc(index / GUESTS_EACH),
  user: `u${index % GUESTS_EACH}`,
  groups: [...(index % 2 === 0 ? ['even'] : []), ...(index % 3 !== 1 ? ['some'] : [])],
  protocol: index % 2 === 0 ? 'json' : 'messagepack',
}));

/** Whom a message is for. Clients are named as guests; `result` asks one of them, and wants its answer. */
export type Target =
  | { readonly to: 'all' }
  | { readonly to: 'group' | 'user'; readonly name: string }
  | { readonly to: 'groups' | 'users'; readonly names: readonly string[] }
  | { readonly to: 'client' | 'others'; readonly client: string }
  | { readonly to: 'result'; readonly client: string }
  | { readonly to: 'clients' | 'allExcept'; readonly clients: readonly string[] }
  | { readonly to: 'groupExcept'; readonly name: string; readonly clients: readonly string[] }
  | { readonly to: 'othersInGroup'; readonly name: string; readonly client: string };

/** One numbered row of messages of one server: what each of `owed` gets complete, once and in order. */
export interface Audience {
  readonly target: Target;
  readonly owed: readonly string[];
}

/** All rows of a server, every target among them; where clients are named, some are its own and some another server's. */
export function audiencesOf(server: number): readonly Audience[] {
  const at = (offset: number, index: number): string => `c${((server + offset) % SERVERS) * GUESTS_EACH + index}`;
  const [own, other, third] = [at(0, 0), at(1, 1), at(2, 2)];
  const targets: readonly Target[] = [
    { to: 'all' },
    { to: 'group', name: 'even' },
    { to: 'groups', names: ['even', 'some'] },
    { to: 'user', name: 'u0' },
    { to: 'users', names: ['u1', 'u2'] },
    { to: 'client', client: own },
    { to: 'client', client: other },
    { to: 'clients', clients: [own, other, third] },
    { to: 'allExcept', clients: [own, third] },
    { to: 'groupExcept', name: 'some', clients: [third] },
    { to: 'others', client: own },
    { to: 'othersInGroup', name: 'even', client: own },
    { to: 'result', client: own },
    { to: 'result', client: third },
  ];
  return targets.map((target) => ({ target, owed: guests.filter((guest) => hears(guest, target)).map(({ name }) => name) }));
}

function hears({ name, user, groups }: Guest, target: Target): boolean {
  switch (target.to) {
    case 'all':
      return true;
    case 'group':
      return groups.includes(target.name);
    case 'groups':
      return target.names.some((group) => groups.includes(group));
    case 'user':
      return user === target.name;
    case 'users':
      return target.names.includes(user);
    case 'client':
    case 'result':
      return name === target.client;
    case 'clients':
      return target.clients.includes(name);
    case 'allExcept':
      return !target.clients.includes(name);
    case 'groupExcept':
      return groups.includes(target.name) && !target.clients.includes(name);
    case 'others':
      return name !== target.client;
    case 'othersInGroup':
      break;
  }
  return groups.includes(target.name) && name !== target.client;
}
