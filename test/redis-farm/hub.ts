import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defineHub, method, type CallerClients } from 'signalbox';
import { z } from 'zod';

/** What the hub calls on its clients. */
export interface FarmClient {
  message(text: string): void;
  ask(question: string): unknown;
}

/** Who shall hear a message, as a client of the hub names it. */
const audience = z.union([
  z.object({ to: z.enum(['all', 'others']) }),
  z.object({
    to: z.enum(['allExcept', 'client', 'clients', 'user', 'users', 'group', 'groups', 'othersInGroup']),
    names: z.array(z.string()),
  }),
  z.object({ to: z.literal('groupExcept'), names: z.array(z.string()), except: z.array(z.string()) }),
]);

export type FarmAudience = z.infer<typeof audience>;

/** How the connections of this server ended that did not end well: their ids, and why. */
const failures = new Map<string, string>();

/** Bytes that this process uses when the garbage is collected. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A hub whose clients can reach every target. Its name is what servers of one farm have in common. */
export const farmHub = defineHub<FarmClient>()({
  name: 'Farm.TestHub',
  disconnected: ({ connectionId }, error) => {
    if (error !== undefined) failures.set(connectionId, error.message);
  },
  results: { ask: z.unknown() },
  methods: {
    send: method([audience, z.string()], ({ clients }, to, text) =>
      (to.to === 'others'
        ? clients.others
        : to.to === 'othersInGroup'
          ? clients.othersInGroup(to.names[0] ?? '')
          : target(clients, to)
      ).message(text),
    ),
    join: method([z.string()], ({ groups }, group) => groups.join(group)),
    leave: method([z.string()], ({ groups }, group) => groups.leave(group)),
    ask: method([z.string(), z.string()], async ({ clients }, connectionId, question) => clients.client(connectionId).invoke.ask(question)),
    /** What became of a question that can't be answered: the error's code and text. */
    askInVain: method([z.string()], async ({ clients }, connectionId) => {
      try {
        await clients.client(connectionId).invoke.ask('?');
        return 'answered';
      } catch (error) {
        const { code = 'none', message } = error as Error & { code?: string };
        return `${code}: ${message}`;
      }
    }),
    process: method([], () => process.pid),
    memory: method([], memory),
    /** Why a connection of this server ended; null while it has not, or where it ended well. */
    failure: method([z.string()], (_, connectionId) => failures.get(connectionId) ?? null),
    self: method([], ({ connectionId }) => connectionId),
  },
});

function target(clients: CallerClients<FarmClient>, to: FarmAudience): { message(text: string): Promise<void> } {
  switch (to.to) {
    case 'allExcept':
      return clients.allExcept(to.names);
    case 'client':
      return clients.client(to.names[0] ?? '');
    case 'clients':
      return clients.clients(to.names);
    case 'user':
      return clients.user(to.names[0] ?? '');
    case 'users':
      return clients.users(to.names);
    case 'group':
      return clients.group(to.names[0] ?? '');
    case 'groups':
      return clients.groups(to.names);
    case 'groupExcept':
      return clients.groupExcept(to.names[0] ?? '', to.except);
    case 'othersInGroup':
      return clients.othersInGroup(to.names[0] ?? '');
    case 'others':
      return clients.others;
    case 'all':
      break;
  }
  return clients.all;
}
