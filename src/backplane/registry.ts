import type { OutboundMessage } from '../protocol/hub/shared-message.ts';
import type { Audience } from './audience.ts';
import type { Member } from './member.ts';

const NOBODY: ReadonlySet<never> = new Set();

/** Who is on this server, in which groups, as which user; and the one place that resolves an audience to members. */
export class Registry<Here extends Member = Member> {
  readonly #members = new Map<string, Here>();
  readonly #users = new Map<string, Set<Here>>();
  readonly #groups = new Map<string, Set<Here>>();
  /** The groups of a member, only for members that joined one. */
  readonly #joined = new Map<Here, Set<string>>();

  get size(): number {
    return this.#members.size;
  }

  get(connectionId: string): Here | undefined {
    return this.#members.get(connectionId);
  }

  /** The members here that are in a group. */
  inGroup(name: string): ReadonlySet<Here> {
    return this.#groups.get(name) ?? NOBODY;
  }

  /** Whether a connection of the user is here. */
  hasUser(id: string): boolean {
    return this.#users.has(id);
  }

  /** The connections here of a user. */
  ofUser(id: string): ReadonlySet<Here> {
    return this.#users.get(id) ?? NOBODY;
  }

  /** Everybody here. */
  get members(): Iterable<Here> {
    return this.#members.values();
  }

  /** How many users and groups have somebody here. */
  get users(): number {
    return this.#users.size;
  }

  get groups(): number {
    return this.#groups.size;
  }

  /** How many groups a member is in. */
  groupCount(member: Here): number {
    return this.#joined.get(member)?.size ?? 0;
  }

  /** The groups that a member is in. */
  groupsOf(member: Here): Iterable<string> {
    return this.#joined.get(member) ?? [];
  }

  add(member: Here): void {
    this.#members.set(member.connectionId, member);
    if (member.userId !== undefined) include(this.#users, member.userId, member);
  }

  /** Removes a member and its memberships. */
  remove(member: Here): void {
    if (this.#members.get(member.connectionId) !== member) return;
    this.#members.delete(member.connectionId);
    if (member.userId !== undefined) exclude(this.#users, member.userId, member);
    const joined = this.#joined.get(member);
    if (!joined) return;
    for (const group of joined) exclude(this.#groups, group, member);
    this.#joined.delete(member);
  }

  /** Adds a member of this server to a group. Returns false when the connection is not here. */
  join(connectionId: string, group: string): boolean {
    const member = this.#members.get(connectionId);
    if (!member) return false;
    include(this.#groups, group, member);
    const joined = this.#joined.get(member);
    if (joined) joined.add(group);
    else this.#joined.set(member, new Set([group]));
    return true;
  }

  leave(connectionId: string, group: string): boolean {
    const member = this.#members.get(connectionId);
    if (!member) return false;
    exclude(this.#groups, group, member);
    const joined = this.#joined.get(member);
    if (joined?.delete(group) && joined.size === 0) this.#joined.delete(member);
    return true;
  }

  /**
   * Delivers to everyone here whom the audience names, once each.
   *
   * @throws TypeError when the message can't be represented in a member's protocol; the rest are not tried
   */
  deliver(audience: Audience, message: OutboundMessage): void {
    switch (audience.to) {
      case 'all':
        return deliverTo(this.#members.values(), message, audience.except);
      case 'connections':
        return this.#deliverToConnections(audience.ids, message);
      case 'groups':
        return this.#deliverToSets(this.#groups, audience.names, message, audience.except);
      case 'users':
        return this.#deliverToSets(this.#users, audience.ids, message, undefined);
    }
  }

  #deliverToConnections(ids: readonly string[], message: OutboundMessage): void {
    if (ids.length === 1) return this.#members.get(ids[0] as string)?.deliver(message);
    for (const id of new Set(ids)) this.#members.get(id)?.deliver(message);
  }

  #deliverToSets(
    sets: ReadonlyMap<string, ReadonlySet<Member>>,
    names: readonly string[],
    message: OutboundMessage,
    except: readonly string[] | undefined,
  ): void {
    if (names.length === 1) return deliverTo(sets.get(names[0] as string) ?? NOBODY, message, except);
    const named = new Set<Member>();
    for (const name of names) for (const member of sets.get(name) ?? NOBODY) named.add(member);
    deliverTo(named, message, except);
  }
}

function deliverTo(members: Iterable<Member>, message: OutboundMessage, except: readonly string[] | undefined): void {
  if (except === undefined || except.length === 0) {
    for (const member of members) member.deliver(message);
    return;
  }
  const excluded = new Set(except);
  for (const member of members) if (!excluded.has(member.connectionId)) member.deliver(message);
}

function include<Here>(sets: Map<string, Set<Here>>, name: string, member: Here): void {
  const set = sets.get(name);
  if (set) set.add(member);
  else sets.set(name, new Set([member]));
}

function exclude<Here>(sets: Map<string, Set<Here>>, name: string, member: Here): void {
  const set = sets.get(name);
  if (set?.delete(member) && set.size === 0) sets.delete(name);
}
