import { z } from 'zod';
import { limits } from '../rooms.ts';

const name = z.string().min(1).max(limits.name);
const id = z.string().min(1).max(64);
const text = z.string().max(limits.text + limits.lines * (limits.line + 1));

const guest = z.object({
  connectionId: id,
  nickname: name,
  transport: z.enum(['webSockets', 'serverSentEvents', 'longPolling']),
  server: id,
});

/** Who is in which room of a server: all of it, again and again. A server that is not heard of any more has nobody. */
const presence = z.object({
  kind: z.literal('presence'),
  from: id,
  server: id,
  /** Whether the others are to tell everything: the server has just come, or come back. */
  asks: z.boolean(),
  rooms: z.array(z.object({ name, guests: z.array(guest).max(limits.members) })).max(limits.rooms),
});

/** Messages of a room, and when it was cleared last. */
const history = z.object({
  kind: z.literal('history'),
  from: id,
  room: name,
  clearedAt: z.number(),
  messages: z.array(z.object({ id, from: name, at: z.number(), text })).max(limits.history),
});

/** A server that ends says so. */
const farewell = z.object({ kind: z.literal('farewell'), from: id });

const notice = z.discriminatedUnion('kind', [presence, history, farewell]);

/** What the servers of the demo tell each other. `from` is a server's id. */
export type Notice = z.infer<typeof notice>;

/** Undefined for what no server of this demo would say: whoever can publish to the Redis can say anything. */
export function readNotice(payload: string): Notice | undefined {
  try {
    return notice.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}
