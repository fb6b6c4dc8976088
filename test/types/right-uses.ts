// What users write, and what has to compile.
import type { HubConnection, Subject } from '@microsoft/signalr';
import {
  defineHub,
  HubError,
  itemKey,
  method,
  SignalboxError,
  streamOf,
  type Claims,
  type Contract,
  type Hub,
  type HubContext,
  type HubFilter,
} from 'signalbox';
import { typed } from 'signalbox/client';
import * as v from 'valibot';
import { z } from 'zod';
import type { chat, ChatClient } from './chat.ts';

// ---- a hub for users of an own type
interface AppUser {
  readonly id: string;
  readonly roles: readonly string[];
}
interface BoardClient {
  moved(id: string, x: number, y: number): void;
}
const isEditor = ({ user }: HubContext<unknown, AppUser>): boolean => user?.roles.includes('editor') ?? false;
const nick = itemKey<string>('nick');
const whoAmI = method([], ({ userId }) => userId);

export const board = defineHub<BoardClient, AppUser>()({
  name: 'Acme.Boards.BoardHub',
  filters: [
    {
      invoke: (invocation, next) => {
        if (!invocation.context.user) throw new HubError('Who are you?');
        return next({ ...invocation, args: [...invocation.args, 1] });
      },
    },
  ],
  connected: ({ items }) => items.set(nick, 'guest'),
  disconnected: ({ connectionId }, error) => [connectionId, error?.message],
  methods: {
    whoAmI,
    move: method([v.string(), v.number(), z.number()], { authorize: isEditor }, async ({ clients, items }, id, x, y) => {
      await clients.others.moved(id, x, y);
      await clients.groups(['a', 'b']).moved(id, x, y);
      await clients.caller.send('anything', id, { at: [x, y] });
      return items.get(nick)?.length;
    }),
    history: method([v.optional(v.number())], async function* ({ signal }, limit) {
      while (!signal.aborted) yield { limit };
    }),
    where: method([], ({ request, transport }) => `${transport} ${request.url.pathname} ${request.headers.get('origin')}`),
    audit: method(
      [z.string()],
      {
        name: 'Audit',
        cancellable: true,
        authorize: async ({ user }, { method: name, args }) => user !== undefined && name === 'Audit' && args.length === 1,
      },
      (_, line) => line.trim(),
    ),
  },
});

// ---- contract first, or isolatedDeclarations: the same two interfaces
interface BoardServer {
  whoAmI(): string | undefined;
  move(id: string, x: number, y: number): number | undefined;
}
export const declared: Hub<BoardServer, BoardClient, AppUser> = board;
export const narrower: Hub<BoardServer, BoardClient, AppUser & { readonly admin: boolean }> = board;

// ---- filters
const timing: HubFilter<unknown> = {
  async invoke({ method: name }, next) {
    const start = performance.now();
    try {
      return await next();
    } finally {
      report(name, performance.now() - start);
    }
  },
};
declare function report(name: string, milliseconds: number): void;
export class Auditing implements HubFilter<AppUser> {
  async connected({ user }: HubContext<unknown, AppUser>, next: () => Promise<void>): Promise<void> {
    if (user?.roles.length === 0) throw new HubError('No role.');
    await next();
  }
}
export const filtered = defineHub<object, AppUser>()({ filters: [timing, new Auditing()], methods: {} });

// ---- client results, one after another and with a limit
export const asking = defineHub<ChatClient>()({
  results: { confirm: v.boolean() },
  methods: {
    ask: method([z.string()], async ({ clients, signal }, id) => {
      const sure: boolean = await clients.caller.invoke.confirm('?');
      const other: boolean = await clients.client(id).invokeWith({ timeout: 5_000, signal }).confirm('?');
      return sure && other;
    }),
  },
});

// ---- errors
export class RoomFull extends HubError {
  readonly room: string;
  constructor(room: string, options?: ErrorOptions) {
    super(`${room} is full.`, options);
    this.room = room;
  }
}
export function isTimeout(error: unknown): boolean {
  return error instanceof SignalboxError && error.code === 'SIGNALBOX_CLIENT_RESULT_TIMEOUT';
}

// ---- the client
declare const connection: HubConnection;
const hub = typed<typeof chat>(connection);
const off: () => void = hub.on.message((from, text) => from.toUpperCase() + text.length);
hub.on.confirm((question) => question.length > 3);
hub.on.confirm(async () => true);
hub.on.message(() => {});
await hub.invoke.send('hi');
await hub.send.send('hi');
export const pong: string = await hub.invoke.ping();
for await (const n of hub.stream.count(10)) n.toFixed();
hub.stream
  .count(3)
  .subscribe({ next: (n) => n.toFixed(), error() {}, complete() {} })
  .dispose();
declare const numbers: Subject<number>;
declare const observable: { subscribe(observer?: { next?: (value: number) => void }): { unsubscribe(): void } };
export const total: number = await hub.invoke.sum(numbers);
await hub.invoke.sum(observable);
await hub.invoke.sum(hub.stream.count(3));
await hub.send.sum(
  (async function* () {
    yield 1;
  })(),
);
export const left: { sure: boolean } = await hub.invoke.LeaveRoom('lobby');
await hub.invoke.LeaveRoom('lobby', 3);
await hub.invoke.loose(1, { any: 'thing' });
off();

// ---- a hub that is not in TypeScript: the contract by hand
interface ClockServer {
  setZone(zone: string): void;
  ticks(every: number): AsyncIterable<Date>;
  upload(lines: AsyncIterable<string>): Promise<number>;
}
interface ClockClient {
  tick(time: string): void;
}
const clock = typed<Contract<ClockServer, ClockClient>>(connection);
clock.on.tick((time) => time.trim());
for await (const time of clock.stream.ticks(5)) time.getTime();
export const lines: number = await clock.invoke.upload({} as Subject<string>);

// ---- claims are what nobody has typed
export const claims = (user: Claims): unknown[] => [user.sub, user['role']];
export const uploads = method([streamOf(z.object({ at: z.number() }))], async (_, points) => {
  for await (const { at } of points) return at;
  return undefined;
});
