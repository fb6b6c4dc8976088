import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { defineHub, HubError, itemKey, method, streamOf, type HubContext, type Items } from 'signalbox';
import { z } from 'zod';
import { limits, type Member, type Message, type Person, type Room, type Rooms, type RoomSummary } from './rooms.ts';

/** What the server may call on a page. */
export interface ChatClient {
  rooms(rooms: readonly RoomSummary[]): void;
  /** To one who has just come in. An event, not the method's result, so that it has its place among the other events. */
  entered(room: string, nickname: string, history: readonly Message[]): void;
  people(people: readonly Person[]): void;
  arrived(nickname: string): void;
  left(nickname: string): void;
  message(message: Message): void;
  /** One more line of a message that its author is uploading. */
  line(messageId: string, text: string): void;
  note(note: Note): void;
  typing(nickname: string): void;
  counterStopped(at: number): void;
  voteEnded(by: string, cleared: boolean): void;
  /** A client result: the page asks its user and returns the answer. */
  confirm(question: Question): boolean;
}

/** A private message; only these two see it. */
export interface Note extends Message {
  readonly to: string;
}

export interface Question {
  readonly from: string;
  readonly text: string;
  readonly seconds: number;
}

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

/** The hub of the demo. Its state is in memory: a restart empties the rooms. */
export function chatHub(rooms: Rooms) {
  async function tellWhoIsThere({ clients }: Context, room: Room): Promise<void> {
    await Promise.all([clients.group(room.group).people(room.people), clients.all.rooms(rooms.summaries)]);
  }

  async function enter(context: Context, room: Room, member: Member): Promise<void> {
    const { clients, groups, items } = context;
    const isNew = room.enter(member);
    const before = items.get(PLACE);
    // Before anything is waited for: whenever the connection ends, `disconnected` finds the place to clear.
    items.set(PLACE, { room, nickname: member.nickname });
    if (before && before.room !== room) await depart(context, before);
    await groups.join(room.group);
    await clients.caller.entered(room.name, member.nickname, room.history);
    if (isNew) await clients.othersInGroup(room.group).arrived(member.nickname);
    await tellWhoIsThere(context, room);
  }

  async function leave(context: Context): Promise<void> {
    const place = context.items.get(PLACE);
    context.items.delete(PLACE);
    if (place) await depart(context, place);
  }

  async function depart(context: Context, { room }: Place): Promise<void> {
    await context.groups.leave(room.group);
    const member = room.leave(context.connectionId);
    if (!member) return;
    await context.clients.group(room.group).left(member.nickname);
    await tellWhoIsThere(context, room);
  }

  return defineHub<ChatClient>()({
    connected: ({ clients }) => clients.caller.rooms(rooms.summaries),
    disconnected: leave,
    results: { confirm: z.boolean() },
    methods: {
      /** Joins a room, leaving the one before. */
      enter: method([roomName, nickname, seat], (context, name, chosen, secret) => {
        const { connectionId, transport } = context;
        return enter(context, rooms.open(name), { connectionId, transport, nickname: chosen, seat: secret });
      }),

      leave: method([], leave),

      say: method([text], ({ clients, items }, words) => {
        const { room, nickname: from } = placeOf(items);
        return clients.group(room.group).message(room.post(from, words));
      }),

      note: method([nickname, text], async ({ clients, items }, to, words) => {
        const { room, nickname: from } = placeOf(items);
        const receiver = room.find(to);
        if (!receiver) throw new HubError(`${to} is not here any more.`);
        const note = { id: randomUUID(), from, to: receiver.nickname, text: words, at: Date.now() };
        await Promise.all([clients.client(receiver.connectionId).note(note), clients.caller.note(note)]);
      }),

      typing: method([], ({ clients, items }) => {
        const { room, nickname: from } = placeOf(items);
        return clients.othersInGroup(room.group).typing(from);
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
            message.text += `\n${line}`;
            await clients.group(room.group).line(message.id, line);
          } else {
            message = room.post(from, line);
            await clients.group(room.group).message({ ...message });
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
          await context.clients.group(room.group).voteEnded(from, cleared);
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
  asked: readonly Member[],
  question: Question,
): AsyncGenerator<{ from: string; answer: Answer }> {
  const pending = new Map(asked.map((member) => [member.connectionId, ask(member)]));
  while (pending.size > 0) {
    const { member, answer } = await Promise.race(pending.values());
    pending.delete(member.connectionId);
    yield { from: member.nickname, answer };
  }

  async function ask(member: Member): Promise<{ member: Member; answer: Answer }> {
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
