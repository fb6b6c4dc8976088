// Mistakes that must not compile, each found at its own line.
import type { HubConnection, Subject } from '@microsoft/signalr';
import {
  defineHub,
  HubError,
  itemKey,
  method,
  SignalboxError,
  streamOf,
  type Contract,
  type Hub,
  type HubClients,
  type HubContext,
  type HubFilter,
  type HubGroups,
} from 'signalbox';
import { typed } from 'signalbox/client';
import { z } from 'zod';
import { chat, type ChatClient } from './chat.ts';

interface Events {
  message(from: string, text: string): void;
}
interface AppUser {
  readonly id: string;
  readonly roles: readonly string[];
}
declare const connection: HubConnection;
declare const clients: HubClients<ChatClient>;
declare const groups: HubGroups;
declare const filter: HubFilter<AppUser>;
const client = typed<typeof chat>(connection);
const nick = itemKey<string>('nick');

// ---- methods and their arguments
defineHub<Events>()({
  methods: {
    // @ts-expect-error a bare function is not a remote method
    bare: (_: unknown, text: string) => text,
    // @ts-expect-error neither is a constant
    constant: 42,
    // @ts-expect-error nor the maker of methods
    maker: method,
    // @ts-expect-error text is a string
    a: method([z.string()], (_, text) => text.toFixed()),
    // @ts-expect-error one validator, two arguments
    b: method([z.string()], (_, text, more: string) => text + more),
    // @ts-expect-error an annotation that contradicts the validator
    c: method([z.string()], (_, n: number) => n),
    // @ts-expect-error not a validator
    d: method(['string'], (_, text) => text),
    // @ts-expect-error the validators are a tuple
    e: method(z.string(), (_, text) => text),
    // @ts-expect-error without validators arguments are unknown
    f: method((_, text) => text.length),
    // @ts-expect-error an upload is not an array
    g: method([streamOf(z.number())], (_, numbers) => numbers.length),
    // @ts-expect-error a stream of what?
    h: method([streamOf()], () => 1),
    // @ts-expect-error a stream of something that is no validator
    h2: method([streamOf('number')], () => 1),
    i: method([streamOf(z.number())], async (_, numbers) => {
      // @ts-expect-error items of the upload are numbers
      for await (const n of numbers) n.trim();
    }),
    // @ts-expect-error authorize answers yes or no
    j: method([], { authorize: ({ userId }) => userId }, () => 1),
    // @ts-expect-error an unknown option
    k: method([], { authorise: () => true }, () => 1),
    // @ts-expect-error a method is cancellable or not
    k2: method([], { cancellable: 'yes' }, () => 1),
    // @ts-expect-error a name is a string
    l: method([], { name: 7 }, () => 1),
    // @ts-expect-error options without a handler
    m: method([], { name: 'x' }),
    // @ts-expect-error options behind the handler
    n: method([], () => 1, { name: 'x' }),
    // @ts-expect-error a handler without its validators
    o: method({ name: 'x' }, () => 1),
    // @ts-expect-error a rest of arguments is typed as well
    p: method([z.string(), z.number()], (_, ...all) => all[1].trim()),
    // @ts-expect-error and unknown where nothing is validated
    q: method((_, ...all) => all[0].trim()),
    // @ts-expect-error what is optional may be missing
    r: method([z.string().optional()], (_, text) => text.length),
  },
});

// ---- the context
defineHub<Events>()({
  methods: {
    // @ts-expect-error no such client method
    a: method([], ({ clients: { all } }) => all.mesage('a', 'b')),
    // @ts-expect-error an argument is missing
    b: method([], ({ clients: { all } }) => all.message('a')),
    // @ts-expect-error an argument too many
    b2: method([], ({ clients: { all } }) => all.message('a', 'b', 'c')),
    // @ts-expect-error an argument of the wrong type
    c: method([], (context) => context.clients.group('x').message('a', 5)),
    // @ts-expect-error groups.join takes only the group: the connection is the caller's
    d: method([], (context) => context.groups.join('connection', 'group')),
    // @ts-expect-error ids are a list
    e: method([], (context) => context.clients.allExcept('a').message('a', 'b')),
    // @ts-expect-error nobody may be signed in
    f: method([], ({ userId }) => userId.length),
    // @ts-expect-error neither is a user known
    f2: method([], ({ user }) => user.sub),
    g: method([], (context) => {
      // @ts-expect-error the context is read-only
      context.connectionId = 'x';
    }),
    // @ts-expect-error the item is a string
    h: method([], ({ items }) => items.get(nick)?.toFixed()),
    // @ts-expect-error also when it is set
    h2: method([], ({ items }) => items.set(nick, 5)),
    // @ts-expect-error items are named by keys
    h3: method([], ({ items }) => items.get('nick')),
    // @ts-expect-error no client results in this contract
    i: method([], ({ clients: { caller } }) => caller.invoke.message('a', 'b')),
    // @ts-expect-error no such transport
    j: method([], ({ transport }) => transport === 'websockets'),
    // @ts-expect-error a header may be missing
    k: method([], ({ request }) => request.headers.get('user-agent').length),
    // @ts-expect-error a connection is not paused by its hub
    l: method([], (context) => context.pause()),
  },
});

// ---- client results
// @ts-expect-error a client result needs a validator
defineHub<ChatClient>()({ methods: {} });
// @ts-expect-error of the promised type
defineHub<ChatClient>()({ results: { confirm: z.string() }, methods: {} });
// @ts-expect-error there is no such client result
defineHub<ChatClient>()({ results: { confirm: z.boolean(), message: z.boolean() }, methods: {} });
// @ts-expect-error nor one in a contract without any
defineHub<Events>()({ results: { message: z.boolean() }, methods: {} });
// @ts-expect-error only a single client can be asked
void clients.all.invoke.confirm('?');
// @ts-expect-error a result is not broadcast
void clients.group('x').confirm('?');
// @ts-expect-error nor sent to a single client as an event
void clients.client('id').confirm('?');
// @ts-expect-error a timeout is in milliseconds
void clients.client('id').invokeWith({ timeout: '5s' }).confirm('?');
// @ts-expect-error invokeWith without anything
void clients.client('id').invokeWith().confirm('?');
// @ts-expect-error options belong to invokeWith
void clients.client('id').invoke({ timeout: 5 }).confirm('?');
// @ts-expect-error it answers a boolean
void (await clients.client('id').invoke.confirm('?')).length;
// @ts-expect-error an event has no result
void clients.client('id').invoke.message('a', 'b');
// @ts-expect-error no caller outside of a call
void clients.caller;
// @ts-expect-error nor others
void clients.othersInGroup('x');
// @ts-expect-error outside, a group needs the connection
void groups.join('lobby');
// @ts-expect-error an outside send with the wrong types
void clients.user('u').message(1, 2);
// @ts-expect-error a list of users, not each for itself
void clients.users('a', 'b');

// ---- the definition
// @ts-expect-error the empty brackets are missing
defineHub<Events>({ methods: {} });
// @ts-expect-error `methods` is required
defineHub<Events>()({ connected: () => {} });
// @ts-expect-error a misspelt handler
defineHub<Events>()({ methods: {}, conected: () => {} });
// @ts-expect-error why it ended is not always known
defineHub<Events>()({ methods: {}, disconnected: (_, error) => error.message });
// @ts-expect-error a client contract is made of methods
defineHub<{ count: number }>()({ methods: {} });
// @ts-expect-error a reserved name
defineHub<{ send(text: string): void }>()({ methods: {} });
// @ts-expect-error a reserved name
defineHub<{ invoke(): void }>()({ methods: {} });
// @ts-expect-error a reserved name
defineHub<{ invokeWith(): void }>()({ methods: {} });
// @ts-expect-error a target that had a `then` would be a promise
defineHub<{ then(): void }>()({ methods: {} });
// @ts-expect-error one that had a `toJSON` would be sent by being printed
defineHub<{ toJSON(): void }>()({ methods: {} });
// @ts-expect-error a method that needs another client contract
defineHub<Events>()({ methods: { ask: method([], ({ clients: c }: HubContext<ChatClient>) => c.caller.invoke.confirm('?')) } });
// @ts-expect-error a method that needs another user
defineHub<Events>()({ methods: { who: method([], ({ user }: HubContext<Events, AppUser>) => user?.id) } });
// @ts-expect-error the hub does not keep the contract
export const contracted: Hub<{ send(text: string): number }, ChatClient> = chat;
// @ts-expect-error nor does it have all of it
export const incomplete: Hub<{ wave(): void }, ChatClient> = chat;
// @ts-expect-error a hub only describes
void chat.methods;

// ---- filters
// @ts-expect-error a filter's `next` has no result for connected
export const connecting: HubFilter = { connected: async (_, next) => (await next()).length };
// @ts-expect-error filters see untyped clients
export const sending: HubFilter = { invoke: ({ context }, next) => next(context.clients.all.message('a', 'b')) };
// @ts-expect-error a filter that forgets the promise of `next`
export const forgetting: HubFilter = { invoke: (_, next) => void next() };
// @ts-expect-error a misspelt part
export const misspelt: HubFilter = { invoked: (_: unknown, next: () => unknown) => next() };
// @ts-expect-error a filter for another user
defineHub<Events>()({ methods: {}, filters: [filter] });
// @ts-expect-error what `next` resolves to is not known
export const reading: HubFilter = { invoke: async (_, next) => (await next()).length };
export const changing: HubFilter = {
  invoke: (invocation, next) => {
    // @ts-expect-error an invocation is changed by handing on another
    invocation.args = [];
    return next();
  },
};

// ---- errors
// @ts-expect-error an error without a text
export const silent = new HubError();
// @ts-expect-error there is no such code
void (new SignalboxError('SIGNALBOX_SERVER_CLOSED', 'x').code === 'SIGNALBOX_NO_SUCH_CODE');

// ---- the client
// @ts-expect-error no such method
void client.invoke.sned('x');
// @ts-expect-error wrong argument
void client.invoke.send(5);
// @ts-expect-error missing argument
void client.send.send();
// @ts-expect-error an argument too many
void client.invoke.ping('x');
// @ts-expect-error a stream is not invoked
void client.invoke.count(3);
// @ts-expect-error nor sent
void client.send.count(3);
// @ts-expect-error a plain method is not streamed
void client.stream.send('x');
// @ts-expect-error wrong argument of a stream
void client.stream.count('3');
// @ts-expect-error items of the stream are numbers
for await (const n of client.stream.count(3)) n.trim();
// @ts-expect-error a stream is not a promise
void client.stream.count(3).then();
// @ts-expect-error an upload of the wrong items
void client.invoke.sum({} as Subject<string>);
// @ts-expect-error also where it is iterated
void client.invoke.sum({} as AsyncIterable<string>);
// @ts-expect-error an upload is not an array
void client.invoke.sum([1, 2, 3]);
// @ts-expect-error the client result is a boolean
client.on.confirm((question) => question);
// @ts-expect-error also when it comes later
client.on.confirm(async (question) => question);
// @ts-expect-error and must be given
client.on.confirm(() => {});
// @ts-expect-error no such event
client.on.mesage(() => {});
// @ts-expect-error wrong handler arguments
client.on.message((from: number) => from);
// @ts-expect-error the handler takes more than is sent
client.on.message((from, text, more: string) => from + text + more);
// @ts-expect-error what `on` returns is a function
client.on.message(() => {}).dispose();
// @ts-expect-error the renamed method has only its remote name
void client.invoke.leave('lobby');
// @ts-expect-error the result is a number
void (await client.invoke.sum({} as Subject<number>)).length;
// @ts-expect-error an unvalidated result is what the method returns
void (await client.invoke.loose(1, 2)).toFixed();
// @ts-expect-error a hub's type, not the hub
void typed(connection).invoke.send('x');
// @ts-expect-error the client's connection, not the hub
typed<typeof chat>(chat);
// @ts-expect-error a handwritten contract is checked as well
void typed<Contract<{ ping(): string }, object>>(connection).invoke.ping(1);
// @ts-expect-error promises look for a `then`, so no method is reached by it
void typed<Contract<{ then(): string }, object>>(connection).invoke.then;
