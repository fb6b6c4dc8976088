import { defineHub, method, type Hub, type HubGroups } from 'signalbox';
import { z } from 'zod';
import { targetOf } from '../hub.ts';

/** What the hub calls on its clients. */
export interface MixedClient {
  message(text: string): void;
  ask(question: string): unknown;
}

const names = z.array(z.string());

/** The hub of a farm of Node and .NET servers, which has a twin of the same full name and methods there. */
export function mixedHub(everybody: () => HubGroups): Hub<object, MixedClient> {
  return defineHub<MixedClient>()({
    name: 'Farm.TestHub',
    results: { ask: z.unknown() },
    methods: {
      tell: method([z.string(), names, names, z.string()], ({ clients }, to, ids, except, text) => {
        if (to === 'others') return clients.others.message(text);
        if (to === 'othersInGroup') return clients.othersInGroup(ids[0] ?? '').message(text);
        return targetOf(clients, to, ids, except).message(text);
      }),
      join: method([z.string(), z.string()], (_, id, group) => everybody().join(id, group)),
      leave: method([z.string(), z.string()], (_, id, group) => everybody().leave(id, group)),
      /** What a client answers, as JSON, or the error's own words. */
      ask: method([z.string(), z.string(), z.int()], async ({ clients }, id, question, milliseconds) => {
        const { signal } = milliseconds > 0 ? { signal: AbortSignal.timeout(milliseconds) } : new AbortController();
        return clients
          .client(id)
          .invokeWith({ signal })
          .ask(question)
          .then(
            (value) => `value ${JSON.stringify(value)}`,
            (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
          );
      }),
    },
  });
}
