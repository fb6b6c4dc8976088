import { setTimeout } from 'node:timers/promises';
import { defineHub, HubError, itemKey, method, streamOf, type HubContext } from 'signalbox';
import { z } from 'zod';

/** What the server may call on a client. */
export interface RoomsClient {
  message(room: string, from: string, text: string): void; // an event: any target
  confirm(question: string): boolean; // a client result: single clients only
}

/** What `authenticate` makes of a request. */
export interface Member {
  readonly id: string;
  readonly admin: boolean;
}

const room = z.string().min(1).max(50);
const nickname = itemKey<string>('nickname');

/** An error that clients see, with a name of its own on the wire. */
export class RoomClosed extends HubError {}

const isAdmin = ({ user }: HubContext<unknown, Member>): boolean => user?.admin === true;

/** Methods of several hubs: a method that uses no client contract fits any hub. */
const presence = {
  nick: method([z.string().max(20)], ({ items }, name) => items.set(nickname, name)),
  whoAmI: method([], ({ items, userId, connectionId }) => items.get(nickname) ?? userId ?? connectionId),
};

export const rooms = defineHub<RoomsClient, Member>()({
  connected: ({ groups }) => groups.join('lobby'),
  disconnected: ({ items, connectionId }, error) => console.log(items.get(nickname) ?? connectionId, error?.message ?? 'left'),
  results: { confirm: z.boolean() },
  methods: {
    ...presence,

    // Groups: a connection leaves all of its own when it ends.
    enter: method([room], async ({ groups, clients }, name) => {
      if (name === 'attic') throw new RoomClosed('The attic is closed.');
      await groups.join(name);
      await clients.othersInGroup(name).message(name, 'system', 'Somebody came in.');
    }),

    // Optional arguments: what the validator accepts as undefined may be left out.
    say: method([z.string().max(2_000), room.default('lobby')], ({ clients, userId = 'guest' }, text, name) =>
      clients.group(name).message(name, userId, text),
    ),

    // A client result: the caller is asked, and keeps its turn meanwhile.
    leave: method([room], { name: 'LeaveRoom' }, async ({ clients, groups }, name) => {
      const sure = await clients.caller.invokeWith({ timeout: 5_000 }).confirm(`Leave ${name}?`);
      if (sure) await groups.leave(name);
      return sure;
    }),

    // Who may call. Others hear that they are not authorized.
    close: method([room], { authorize: isAdmin, metadata: { audit: true } }, ({ clients }, name) =>
      clients.group(name).message(name, 'system', 'This room closes.'),
    ),

    // A stream to the client: a generator. `signal` is aborted when the caller cancels or is gone.
    clock: method([z.int().min(1)], async function* ({ signal }, every) {
      for (;;) {
        yield new Date().toISOString();
        await setTimeout(every, undefined, { signal });
      }
    }),

    // Streams from the client: as many as are declared, each item validated.
    upload: method([streamOf(z.string()), z.string()], async (_, lines, title) => {
      let length = 0;
      for await (const line of lines) length += line.length;
      return `${title}: ${length}`;
    }),
  },
});
