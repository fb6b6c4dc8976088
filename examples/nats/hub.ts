import { defineHub, method } from 'signalbox';
import { z } from 'zod';

/** What the server calls on people at the desk. */
export interface DeskClient {
  message(from: string, text: string): void;
  confirm(question: string): boolean;
}

const name = z.string().min(1).max(50);

/** A desk whose people are at several servers. Its name is what these have in common. */
export const desk = defineHub<DeskClient>()({
  name: 'Desk',
  results: { confirm: z.boolean() },
  methods: {
    enter: method([name], ({ groups }, room) => groups.join(room)),
    leave: method([name], ({ groups }, room) => groups.leave(room)),
    say: method([name, z.string()], ({ clients, userId }, room, text) => clients.group(room).message(userId ?? 'guest', text)),
    whisper: method([name, z.string()], ({ clients, userId }, user, text) => clients.user(user).message(userId ?? 'guest', text)),
    announce: method([z.string()], ({ clients }, text) => clients.all.message('desk', text)),
    ask: method([z.string(), z.string()], ({ clients }, connectionId, question) => clients.client(connectionId).invoke.confirm(question)),
  },
});
