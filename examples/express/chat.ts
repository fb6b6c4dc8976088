import { defineHub, method, streamOf } from 'signalbox';
import { z } from 'zod'; // or valibot, arktype: any Standard Schema library

export interface ChatClient {
  message(from: string, text: string): void; // an event: any number of clients can be sent it
  confirm(question: string): boolean; //        a client result: one client can be asked for it
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
      for await (const n of numbers) sum += n;
      return sum;
    }),
    leave: method([z.string()], { name: 'LeaveRoom' }, ({ clients }, room) => clients.caller.invoke.confirm(`Leave ${room}?`)),
  },
});
