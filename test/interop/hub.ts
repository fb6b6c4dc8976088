import { once } from 'node:events';
import { defineHub, type Hub, type HubClients, HubError, itemKey, method, streamOf, type Target } from 'signalbox';
import * as v from 'valibot';
import { z } from 'zod';
import type { Gates } from './gates.ts';

/** What the hub calls on its clients. */
export interface InteropClient {
  welcome(connectionId: string, userId: string | null): void;
  message(text: string): void;
  entered(gate: string): void;
  cancelled(key: string): void;
  left(connectionId: string, withError: boolean): void;
  ask(question: string): number;
}

/** Who a request comes from: a user, a guest who knows the password, or both. */
export interface InteropUser {
  readonly id: string | undefined;
  readonly knowsPassword: boolean;
}

/** The error of that name in .NET. */
class InvalidOperationException extends Error {
  override readonly name = 'InvalidOperationException';
}

/** An error of one's own that clients may see. */
class PolicyException extends HubError {}

const Person = z.object({ name: z.string(), age: z.int32(), tags: z.array(z.string()) });
const item = itemKey<ReadonlyMap<string, string>>('items');
const watchersOf = (connectionId: string): string => `watch ${connectionId}`;

/** The targets that need no caller, by the name that the suite gives them. */
export function targetOf<Client>(
  clients: HubClients<Client>,
  to: string,
  names: readonly string[],
  except: readonly string[],
): Target<Client> {
  const [name = ''] = names;
  switch (to) {
    case 'all':
      return clients.all;
    case 'allExcept':
      return clients.allExcept(except);
    case 'client':
      return clients.client(name);
    case 'clients':
      return clients.clients(names);
    case 'group':
      return clients.group(name);
    case 'groups':
      return clients.groups(names);
    case 'groupExcept':
      return clients.groupExcept(name, except);
    case 'user':
      return clients.user(name);
    case 'users':
      return clients.users(names);
    default:
      throw new HubError(`There is no target '${to}'.`);
  }
}

async function* count(to: number): AsyncGenerator<number> {
  for (let i = 1; i <= to; i++) {
    await Promise.resolve();
    yield i;
  }
}

async function sum(numbers: AsyncIterable<number>): Promise<number> {
  let total = 0;
  for await (const number of numbers) total += number;
  return total;
}

/** The hub of the interop suite. Its counterpart in C# is dotnet/InteropHub.cs: change both together. */
export function interopHub(gates: Gates): Hub<unknown, InteropClient, InteropUser> {
  return defineHub<InteropClient, InteropUser>()({
    results: { ask: z.int32() },

    connected: async ({ request, abort, clients, connectionId, userId }) => {
      const query = request.url.searchParams;
      const text = query.get('fail');
      if (text !== null) throw new InvalidOperationException(text);
      if (query.has('abort')) abort();
      if (query.has('welcome')) await clients.caller.welcome(connectionId, userId ?? null);
    },
    disconnected: ({ clients, connectionId }, error) => clients.group(watchersOf(connectionId)).left(connectionId, error !== undefined),

    methods: {
      // Results
      Void: method([], () => {}),
      Nothing: method([], () => null),
      Echo: method([z.unknown()], (_, value) => value),
      Text: method([v.string()], (_, text) => text),
      Add: method([z.int32(), z.int32()], (_, a, b) => a + b),
      Numbers: method([v.pipe(v.number(), v.integer())], (_, to) => Array.from({ length: to }, (_item, i) => i + 1)),
      Older: method([Person], (_, person) => ({ ...person, age: person.age + 1, tags: [...person.tags, 'older'] })),
      Greet: method([v.string(), v.optional(v.string(), 'hello')], (_, name, greeting) => `${greeting}, ${name}`),
      OldName: method([], { name: 'NewName' }, () => 'renamed'),

      // Values in JSON
      Time: method([z.coerce.date()], (_, value) => value),
      Real: method([z.number()], (_, value) => value),
      Bytes: method([z.base64()], (_, text) => Buffer.from(text, 'base64')),
      Colour: method([z.literal([0, 1])], (_, value) => value),
      Guid: method([z.guid()], (_, value) => value),
      Counts: method([z.record(z.string(), z.int32())], (_, value) => value),

      // Errors
      Throw: method([v.string()], (_, text) => {
        throw new InvalidOperationException(text);
      }),
      ThrowBecause: method([v.string()], (_, text) => {
        throw new InvalidOperationException(text, { cause: new InvalidOperationException('the cause') });
      }),
      RefuseByPolicy: method([v.string()], (_, text) => {
        throw new PolicyException(text);
      }),
      Refuse: method([v.string()], (_, text) => {
        throw new HubError(text);
      }),
      Secret: method([], { authorize: ({ userId }) => userId === 'admin' }, () => 'secret'),

      // The connection
      Id: method([], ({ connectionId }) => connectionId),
      UserId: method([], ({ userId }) => userId ?? null),
      Token: method([], ({ request: { headers, url } }) => {
        const header = headers.get('authorization');
        const query = url.searchParams.get('access_token');
        if (header !== null) return `header ${header}`;
        return query === null ? null : `query ${query}`;
      }),
      SetItem: method([z.string(), z.string()], ({ items }, key, value) =>
        items.set(item, new Map([...(items.get(item) ?? []), [key, value]])),
      ),
      GetItem: method([z.string()], ({ items }, key) => items.get(item)?.get(key) ?? null),
      Abort: method([], ({ abort }) => abort()),
      Watch: method([z.string()], ({ groups }, connectionId) => groups.join(watchersOf(connectionId))),

      // Targets
      Join: method([v.string()], ({ groups }, group) => groups.join(group)),
      Leave: method([v.string()], ({ groups }, group) => groups.leave(group)),
      Tell: method([v.string(), v.array(v.string()), v.array(v.string()), v.string()], ({ clients }, to, names, except, text) => {
        if (to === 'caller') return clients.caller.message(text);
        if (to === 'others') return clients.others.message(text);
        if (to === 'othersInGroup') return clients.othersInGroup(names[0] ?? '').message(text);
        return targetOf(clients, to, names, except).message(text);
      }),

      // Order
      Gate: method([z.string()], async ({ clients }, name) => {
        await clients.caller.entered(name);
        await gates.wait(name);
        return name;
      }),
      Open: method([z.string()], (_, name) => gates.open(name)),

      // Streams to the client
      Count: method([z.int32()], async function* (_, to) {
        yield* count(to);
      }),
      CountAtOnce: method([z.int32()], function* (_, to) {
        for (let i = 1; i <= to; i++) yield i;
      }),
      CountThenThrow: method([z.int32(), z.string()], async function* (_, to, text) {
        yield* count(to);
        throw new InvalidOperationException(text);
      }),
      CountThenRefuse: method([z.int32(), z.string()], async function* (_, to, text) {
        yield* count(to);
        throw new HubError(text);
      }),
      RefuseStream: method([z.string()], (_, text): AsyncIterable<number> => {
        throw new HubError(text);
      }),
      NoStream: method([], (): AsyncIterable<number> | null => null),
      Hang: method([z.string()], async function* ({ clients, connectionId, signal }, key) {
        try {
          yield key;
          if (!signal.aborted) await once(signal, 'abort');
        } finally {
          await clients.caller.cancelled(key);
          await clients.group(watchersOf(connectionId)).cancelled(key);
        }
      }),

      // Streams from the client
      Sum: method([streamOf(z.int32())], (_, numbers) => sum(numbers)),
      SumBehind: method([z.string(), streamOf(z.int32())], async (_, gate, numbers) => {
        await gates.wait(gate);
        return sum(numbers);
      }),
      Concat: method([streamOf(v.string()), v.string(), streamOf(v.string())], async (_, left, between, right) => {
        let text = '';
        for await (const part of left) text += part;
        text += between;
        for await (const part of right) text += part;
        return text;
      }),
      Relay: method([streamOf(z.string())], async function* (_, texts) {
        for await (const text of texts) yield `<${text}>`;
      }),

      // Client results
      AskCaller: method([z.string(), z.int32()], ({ clients }, question, milliseconds) =>
        clients.caller.invokeWith({ timeout: milliseconds }).ask(question),
      ),
      AskClient: method([z.string(), z.string()], ({ clients }, connectionId, question) =>
        clients.client(connectionId).invoke.ask(question),
      ),
    },
  });
}
