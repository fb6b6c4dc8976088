import type { HubClients, Target } from 'signalbox';
import type { ChatClient } from './client.ts';
import type { Room, Rooms } from './rooms.ts';

type Clients = HubClients<ChatClient>;

/** Sends to everybody in a room, except one connection. */
export function tellRoom(clients: Clients, room: Room, tell: (them: Target<ChatClient>) => Promise<void>, except?: string): Promise<void> {
  return tell(except === undefined ? clients.group(room.group) : clients.groupExcept(room.group, [except]));
}

/** Tells this server's pages who is where: each server hears it from the others, and tells its own. */
export async function tellWhoIsThere(clients: Clients, rooms: Rooms, changed: readonly Room[]): Promise<void> {
  const people = changed.map((room) => clients.clients(room.ownMembers.map(({ connectionId }) => connectionId)).people(room.people));
  await Promise.all([...people, clients.clients([...rooms.pages]).rooms(rooms.summaries)]);
}
