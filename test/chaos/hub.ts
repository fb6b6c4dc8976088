import { defineHub, method, type CallerClients } from 'signalbox';
import { z } from 'zod';

/** What publishers call on guests: whose message it is, of which row, its number, and what makes it heavy. */
export interface GuestClient {
  message(publisher: string, audience: number, number: number, weight: string): void;
  /** Wants the number back. */
  ask(publisher: string, audience: number, number: number): number;
}

/** The guests that are here, by name, as a method sees the farm that each of them calls. */
export const callers = new Map<string, CallerClients<GuestClient>>();
const names = new Map<string, string>();

export const chaosHub = defineHub<GuestClient>()({
  name: 'Chaos.Hub',
  results: { ask: z.number() },
  methods: {
    /** A guest comes in under its name: afterwards it is in its groups. */
    enter: method([z.string(), z.array(z.string())], async ({ connectionId, clients, groups }, name, joined) => {
      await Promise.all(joined.map((group) => groups.join(group)));
      callers.set(name, clients);
      names.set(connectionId, name);
      return connectionId;
    }),
  },
  disconnected: ({ connectionId }) => {
    callers.delete(names.get(connectionId) ?? '');
    names.delete(connectionId);
  },
});
