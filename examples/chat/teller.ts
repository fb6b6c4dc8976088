import { SignalboxError, type HubClients, type Target } from 'signalbox';
import type { ChatClient } from './client.ts';
import type { Room, Rooms } from './rooms.ts';

type Clients = HubClients<ChatClient>;

/** Whether it is the farm's Redis that has not taken something. */
export function isOutage(error: unknown): boolean {
  return error instanceof SignalboxError && error.code.startsWith('SIGNALBOX_REDIS_');
}

/**
 * Sends to everybody in a room, except one connection. While the other servers are out of reach, those who are at this one hear it; a page that
 * hears a message twice shows it once.
 */
export async function tellRoom(
  clients: Clients,
  room: Room,
  tell: (them: Target<ChatClient>) => Promise<void>,
  except?: string,
): Promise<void> {
  try {
    await tell(except === undefined ? clients.group(room.group) : clients.groupExcept(room.group, [except]));
  } catch (error) {
    if (!isOutage(error)) throw error;
    const own = room.ownMembers.map(({ connectionId }) => connectionId);
    await tell(clients.clients(own.filter((id) => id !== except)));
  }
}

/** Tells this server's pages who is where: each server hears it from the others, and tells its own. */
export async function tellWhoIsThere(clients: Clients, rooms: Rooms, changed: readonly Room[]): Promise<void> {
  const people = changed.map((room) => clients.clients(room.ownMembers.map(({ connectionId }) => connectionId)).people(room.people));
  await Promise.all([...people, clients.clients([...rooms.pages]).rooms(rooms.summaries)]);
}
