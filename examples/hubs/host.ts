import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { feature, SignalR, type HubFilter } from 'signalbox';
import { rooms, type Member } from './rooms.ts';

interface Session {
  readonly member: Member | undefined;
}

/** What session middleware in front of the hub has put on Node's request, kept with the connection. */
export const session = feature((request: IncomingMessage & { readonly session?: Session }) => request.session);
export const requestId = feature(({ headers }) => headers['x-request-id']?.toString() ?? randomUUID());

/** Around every call of every hub. */
const audit: HubFilter<Member> = {
  async invoke(invocation, next) {
    const { context, method, metadata } = invocation;
    if (metadata['audit'] === true) console.log(context.features.get(requestId), context.userId, method);
    return next();
  },
};

export const signalr = new SignalR({
  features: [session, requestId],
  authenticate: ({ features }) => features.get(session)?.member,
  userId: (member) => member.id,
  filters: [audit],
}).map('/rooms', rooms);

export const server = createServer();
signalr.attach(server);

/** From anywhere in the process. */
export async function announce(text: string): Promise<void> {
  await signalr.hub(rooms).clients.all.message('lobby', 'system', text);
}

/** Also one client, by the id of its connection, and what it answers. */
export async function moveTo(connectionId: string, room: string): Promise<boolean> {
  const { clients, groups } = signalr.hub(rooms);
  const sure = await clients.client(connectionId).invoke.confirm(`Move to ${room}?`);
  if (sure) await groups.join(connectionId, room);
  return sure;
}
