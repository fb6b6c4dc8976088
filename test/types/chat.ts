// The hub that the type tests call: a method of each kind.
import { defineHub, method, streamOf } from 'signalbox';
import { z } from 'zod';

export interface ChatClient {
  message(from: string, text: string): void;
  confirm(question: string): boolean;
}

export const chat = defineHub<ChatClient>()({
  connected: ({ groups }) => groups.join('lobby'),
  results: { confirm: z.boolean() },
  methods: {
    send: method([z.string().max(2000)], ({ clients, userId }, text) => clients.group('lobby').message(userId ?? 'guest', text)),
    count: method([z.int().positive()], async function* (_, to) {
      for (let i = 1; i <= to; i++) yield i;
    }),
    sum: method([streamOf(z.number())], async (_, numbers) => {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    }),
    leave: method(
      [z.string(), z.coerce.number().optional()],
      { name: 'LeaveRoom', authorize: ({ user }) => user !== undefined },
      async ({ clients }, room, seconds) => {
        const sure = await clients.caller.invoke.confirm(`leave ${room}?`);
        return { sure, seconds };
      },
    ),
    loose: method(({ connectionId }, a, b) => [connectionId, a, b]),
    ping: method([], () => 'pong'),
  },
});
