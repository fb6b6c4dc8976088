import type { Audience } from '../backplane/audience.ts';
import { AckStatus } from '../protocol/service/codes.ts';
import type { ServiceMessage, ServiceMessageOf, ServiceMessageType } from '../protocol/service/messages.ts';
import { pageOf, writePage } from './group-page.ts';
import { serviceEvents } from './log-events.ts';
import { found, NOT_FOUND, OK, type Outcome } from './outcome.ts';
import { RelayedMessage } from './relayed-message.ts';
import type { ServiceClient } from './service-client.ts';
import type { ServiceHub } from './service-hub.ts';

type Verb<Type extends ServiceMessageType> = (hub: ServiceHub, message: ServiceMessageOf<Type>) => Outcome | undefined;

/**
 * What an app server may ask for, done to the clients of this node. It is plain data, so that other nodes can be told the same; those requests
 * that are acknowledged have an outcome.
 */
const verbs = {
  multiConnectionData: (hub, { connectionIds, payloads }) => send(hub, { to: 'connections', ids: connectionIds }, payloads),
  userData: (hub, { userId, payloads }) => send(hub, { to: 'users', ids: [userId] }, payloads),
  multiUserData: (hub, { userIds, payloads }) => send(hub, { to: 'users', ids: userIds }, payloads),
  broadcastData: (hub, { excluded, payloads }) => send(hub, { to: 'all', except: excluded }, payloads),
  groupBroadcastData: (hub, message) => sendToGroup(hub, message),
  multiGroupBroadcastData: (hub, { groups, payloads }) => send(hub, { to: 'groups', names: groups }, payloads),
  joinGroup: (hub, { connectionId, group }) => join(hub, connectionId, group),
  joinGroupWithAck: (hub, { connectionId, group }) => join(hub, connectionId, group),
  leaveGroup: (hub, { connectionId, group }) => leave(hub, connectionId, group),
  leaveGroupWithAck: (hub, { connectionId, group }) => leave(hub, connectionId, group),
  userJoinGroup: (hub, { userId, group, extension: { ttl } }) => userJoins(hub, userId, group, ttl),
  userJoinGroupWithAck: (hub, { userId, group, extension: { ttl } }) => userJoins(hub, userId, group, ttl),
  userLeaveGroup: (hub, { userId, group }) => userLeaves(hub, userId, group),
  userLeaveGroupWithAck: (hub, { userId, group }) => userLeaves(hub, userId, group),
  checkUserInGroupWithAck: (hub, { userId, group }) => found(isInGroup(hub, userId, group)),
  checkGroupExistenceWithAck: (hub, { group }) => found(hub.clients.inGroup(group).size > 0),
  checkConnectionExistenceWithAck: (hub, { connectionId }) => found(hub.clients.get(connectionId) !== undefined),
  checkUserExistenceWithAck: (hub, { userId }) => found(hub.clients.hasUser(userId)),
  closeConnectionWithAck: (hub, { connectionId, reason }) => closeOne(hub, connectionId, reason),
  closeConnectionsWithAck: (hub, { reason, excluded }) => closeAll(hub.clients.members, reason, excluded),
  closeUserConnectionsWithAck: (hub, { userId, reason, excluded }) => closeAll(hub.clients.ofUser(userId), reason, excluded),
  closeGroupConnectionsWithAck: (hub, { group, reason, excluded }) => closeAll(hub.clients.inGroup(group), reason, excluded),
  groupMemberQuery: (hub, { group, query }) => membersOf(hub, group, query),
} as const satisfies { readonly [Type in ServiceMessageType]?: Verb<Type> };

type VerbType = keyof typeof verbs;

/** A message that asks for something to be done to clients, whichever node they are on. */
export type VerbMessage = Extract<ServiceMessage, { readonly type: VerbType }>;

export const isVerb = (message: ServiceMessage): message is VerbMessage => Object.hasOwn(verbs, message.type);

/** Does what is asked for, and returns what became of it, where that is to be acknowledged. */
export function run(hub: ServiceHub, message: VerbMessage): Outcome | undefined {
  return (verbs[message.type] as Verb<VerbType>)(hub, message);
}

function send(hub: ServiceHub, audience: Audience, payloads: ReadonlyMap<string, Buffer>): undefined {
  const group = audience.to === 'groups' && audience.names.length === 1 ? audience.names[0] : undefined;
  hub.clients.deliver(audience, new RelayedMessage(payloads, group));
}

function sendToGroup(hub: ServiceHub, message: ServiceMessageOf<'groupBroadcastData'>): undefined {
  const { group, excluded, excludedUserIds, payloads } = message;
  // Whom an id names is known here only.
  const users = excludedUserIds.flatMap((id) => [...hub.clients.ofUser(id)].map(({ connectionId }) => connectionId));
  send(hub, { to: 'groups', names: [group], except: users.length === 0 ? excluded : [...excluded, ...users] }, payloads);
}

function join(hub: ServiceHub, connectionId: string, group: string): Outcome {
  const client = hub.clients.get(connectionId);
  if (client === undefined) return NOT_FOUND;
  if (isTooLong(hub, group)) return tooLong(hub);
  return joins(hub, client, group) ? OK : forbidden(hub, hub.maximumGroups);
}

function joins(hub: ServiceHub, client: ServiceClient, group: string): boolean {
  if (hub.clients.groupCount(client) >= hub.maximumGroups && !hub.clients.inGroup(group).has(client)) return false;
  return hub.clients.join(client.connectionId, group);
}

/** What is kept, its name is kept of. */
const isTooLong = ({ settings }: ServiceHub, ...names: readonly string[]): boolean =>
  names.some(({ length }) => length > settings.maximumNameLength);

function tooLong({ log, meter, name, settings: { maximumNameLength: limit } }: ServiceHub): Outcome {
  meter.userErrors++;
  log(serviceEvents.nameTooLong, { hub: name, limit });
  return { status: AckStatus.forbidden, message: `Names of groups and users have no more than ${limit} characters (maximumNameLength).` };
}

function forbidden({ log, meter, name }: ServiceHub, limit: number): Outcome {
  meter.userErrors++;
  log(serviceEvents.tooManyGroups, { hub: name, limit });
  return { status: AckStatus.forbidden, message: `No more than ${limit} groups are allowed.` };
}

function leave(hub: ServiceHub, connectionId: string, group: string | null): Outcome {
  const client = hub.clients.get(connectionId);
  if (client === undefined) return NOT_FOUND;
  leaves(hub, client, group);
  return OK;
}

function leaves(hub: ServiceHub, client: ServiceClient, group: string | null): void {
  const groups = group === null ? [...hub.clients.groupsOf(client)] : [group];
  for (const name of groups) hub.clients.leave(client.connectionId, name);
}

/** @param ttl - seconds for which connections to come count, too: 0 for none of them, undefined for all */
function userJoins(hub: ServiceHub, userId: string, group: string, ttl = Number.POSITIVE_INFINITY): Outcome {
  if (isTooLong(hub, userId, group)) return tooLong(hub);
  if (ttl > 0 && !hub.userGroups.add(userId, group, ttl)) return forbidden(hub, hub.settings.maximumUserGroups);
  for (const client of hub.clients.ofUser(userId)) {
    if (!joins(hub, client, group)) return forbidden(hub, hub.maximumGroups);
  }
  return OK;
}

function userLeaves(hub: ServiceHub, userId: string, group: string | null): Outcome {
  hub.userGroups.remove(userId, group);
  for (const client of hub.clients.ofUser(userId)) leaves(hub, client, group);
  return OK;
}

function isInGroup(hub: ServiceHub, userId: string, group: string): boolean {
  const members = hub.clients.inGroup(group);
  for (const client of hub.clients.ofUser(userId)) if (members.has(client)) return true;
  return hub.userGroups.of(userId).includes(group);
}

function closeOne(hub: ServiceHub, connectionId: string, reason: string | null): Outcome {
  const client = hub.clients.get(connectionId);
  client?.end(reason ?? undefined, true, 'ClosedByAppServer');
  return found(client !== undefined);
}

function closeAll(clients: Iterable<ServiceClient>, reason: string | null, excluded: readonly string[]): Outcome {
  const spared = new Set(excluded);
  for (const client of clients) if (!spared.has(client.connectionId)) client.end(reason ?? undefined, true, 'ClosedByAppServer');
  return OK;
}

function membersOf(hub: ServiceHub, group: string, query: readonly (number | string | null)[]): Outcome {
  return { status: AckStatus.ok, payload: writePage(pageOf(hub.clients.inGroup(group), query)) };
}
