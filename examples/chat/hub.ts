import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { defineHub, HubError, itemKey, method, streamOf, type HubContext, type Items } from 'signalbox';
import { z } from 'zod';
import type { ChatClient, FarmView, Question } from './client.ts';
import { limits, type Guest, type Member, type Message, type Room, type Rooms } from './rooms.ts';
import { tellRoom, tellWhoIsThere } from './teller.ts';

export type Answer = 'yes' | 'no' | 'silent';

/** What the one who asks hears while the others answer. */
export type Vote = { readonly from: string; readonly answer: Answer } | { readonly cleared: boolean };

/** Where a connection sits. */
interface Place {
  readonly room: Room;
  readonly nickname: string;
}

type Context = HubContext<ChatClient>;

const PLACE = itemKey<Place>('place');
const SECONDS_TO_ANSWER = 20;

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]+$/u;
const nickname = z.string().trim().min(1).max(limits.name).regex(printable);
const roomName = z
  .string()
  .trim()
  .toLowerCase()
  .max(limits.name)
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*$/u);
const text = z.string().trim().min(1).max(limits.text);
const seat = z.string().regex(/^[0-9a-f]{32}$/);

function placeOf(items: Items): Place {
  const place = items.get(PLACE);
  if (!place) throw new HubError('Join a room first.');
  return place;
}

/**
 * The hub of the demo. Its state is in memory: a restart empties the rooms, except for what other servers of a farm know of them.
 *
 * @param farm - the farm that this server is in, if it is in one
 */
export function chatHub(rooms: Rooms, farm?: () => FarmView) {
  const server = farm?.().server;

  async function enter(context: Context, room: Room, member: Member): Promise<void> {
    const { clients, connectionId, items } = context;
    const isNew = room.enter(member);
    const before = items.get(PLACE);
    // Before anything is waited for: whenever the connection ends, `disconnected` finds the place to clear.
    items.set(PLACE, { room, nickname: member.nickname });
    if (before && before.room !== room) await depart(context, before);
    await join(context, room);
    await clients.caller.entered(room.name, member.nickname, room.history);
    if (isNew) await tellRoom(clients, room, (them) => them.arrived(member.nickname), connectionId);
    await tellWhoIsThere(clients, rooms, [room]);
  }

  async function join({ connectionId, groups, items }: Context, room: Room): Promise<void> {
    try {
      await groups.join(room.group);
    } catch (error) {
      room.leave(connectionId);
      items.delete(PLACE);
      throw error;
    }
  }

  async function leave(context: Context): Promise<void> {
    const place = context.items.get(PLACE);
    context.items.delete(PLACE);
    if (place) await depart(context, place);
  }

  async function depart(context: Context, { room }: Place): Promise<void> {
    const { clients, connectionId, groups } = context;
    await groups.leave(room.group);
    const member = room.leave(connectionId);
    if (!member) return;
    await tellRoom(clients, room, (them) => them.left(member.nickname));
    await tellWhoIsThere(clients, rooms, [room]);
  }

  return defineHub<ChatClient>()({
    connected: async ({ clients, connectionId }) => {
      rooms.pages.add(connectionId);
      await clients.caller.rooms(rooms.summaries);
      if (farm) await clients.caller.farm(farm());
    },
    disconnected: (context) => {
      rooms.pages.delete(context.connectionId);
      return leave(context);
    },
    results: { confirm: z.boolean() },
    methods: {
      /** Joins a room, leaving the one before. */
      enter: method([roomName, nickname, seat], (context, name, chosen, secret) => {
        const { connectionId, transport } = context;
        const at = server === undefined ? {} : { server };
        return enter(context, rooms.open(name), { connectionId, transport, nickname: chosen, seat: secret, ...at });
      }),

      leave: method([], leave),

      say: method([text], ({ clients, items }, words) => {
        const { room, nickname: from } = placeOf(items);
        const message = room.post(from, words);
        return tellRoom(clients, room, (them) => them.message(message));
      }),

      note: method([nickname, text], async ({ clients, items }, to, words) => {
        const { room, nickname: from } = placeOf(items);
        const receiver = room.find(to);
        if (!receiver) throw new HubError(`${to} is not here any more.`);
        const note = { id: randomUUID(), from, to: receiver.nickname, text: words, at: Date.now() };
        await clients.client(receiver.connectionId).note(note);
        await clients.caller.note(note);
      }),

      typing: method([], ({ clients, connectionId, items }) => {
        const { room, nickname: from } = placeOf(items);
        return tellRoom(clients, room, (them) => them.typing(from), connectionId);
      }),

      /** For the page's round-trip time. */
      ping: method([], () => 'pong'),

      /** A stream to the client. When the page cancels it, the `finally` runs at once. */
      count: method([z.int().min(1).max(1000), z.int().min(20).max(1000)], async function* ({ clients, signal }, to, milliseconds) {
        let at = 0;
        try {
          while (at < to) {
            await wait(milliseconds, undefined, { signal });
            yield ++at;
          }
        } finally {
          if (at < to) await clients.caller.counterStopped(at);
        }
      }),

      /** A stream from the client: each line shows up in the room as it comes. */
      upload: method([streamOf(z.string().max(limits.line))], async ({ clients, items }, lines) => {
        const { room, nickname: from } = placeOf(items);
        let message: Message | undefined;
        let count = 0;
        for await (const line of lines) {
          if (++count > limits.lines) throw new HubError(`That is enough: a message has at most ${limits.lines} lines.`);
          if (message) {
            const { id } = message;
            room.extend(message, line);
            await tellRoom(clients, room, (them) => them.line(id, line));
          } else {
            message = room.post(from, line);
            const first = { ...message };
            await tellRoom(clients, room, (them) => them.message(first));
          }
        }
        return count;
      }),

      /** Asks everyone else (or the caller, when alone) whether the room may be cleared, and streams the answers as they come. */
      clearRoom: method([], async function* (context): AsyncGenerator<Vote, void> {
        const { room, nickname: from } = placeOf(context.items);
        if (room.voting) throw new HubError('A vote is under way.');
        room.voting = true;
        let cleared = false;
        try {
          const others = room.members.filter(({ connectionId }) => connectionId !== context.connectionId);
          const asked = others.length > 0 ? others : room.members;
          let yes = 0;
          for await (const vote of answers(context, asked, questionFrom(from, others.length, room))) {
            if (vote.answer === 'yes') yes++;
            yield vote;
          }
          cleared = yes * 2 > asked.length;
          if (cleared) room.clear();
          yield { cleared };
        } finally {
          room.voting = false;
          await tellRoom(context.clients, room, (them) => them.voteEnded(from, cleared));
        }
      }),
    },
  });
}

function questionFrom(from: string, others: number, room: Room): Question {
  const who = others === 0 ? 'You are alone here. Clear' : `${from} would like to clear`;
  const count = room.history.length;
  return { from, text: `${who} #${room.name}, with its ${count === 1 ? 'one message' : `${count} messages`}?`, seconds: SECONDS_TO_ANSWER };
}

/** Asks all of them at once; yields each answer when it is there. */
async function* answers(
  { clients, signal }: Context,
  asked: readonly Guest[],
  question: Question,
): AsyncGenerator<{ from: string; answer: Answer }> {
  const pending = new Map(asked.map((member) => [member.connectionId, ask(member)]));
  while (pending.size > 0) {
    const { member, answer } = await Promise.race(pending.values());
    pending.delete(member.connectionId);
    yield { from: member.nickname, answer };
  }

  async function ask(member: Guest): Promise<{ member: Guest; answer: Answer }> {
    try {
      const client = clients.client(member.connectionId);
      const agreed = await client.invokeWith({ timeout: SECONDS_TO_ANSWER * 1000, signal }).confirm(question);
      return { member, answer: agreed ? 'yes' : 'no' };
    } catch {
      // Gone, too slow, or a page that answers something else: all of them have not agreed.
      return { member, answer: 'silent' };
    }
  }
}
