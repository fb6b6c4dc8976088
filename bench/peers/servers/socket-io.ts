import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { createServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { serve } from './control.ts';

type Answer<Value> = (value: Value) => void;

interface Called {
  echo(text: string, answer: Answer<string>): void;
  broadcast(text: string): void;
  join(group: string, answer: Answer<null>): void;
  sendGroup(group: string, text: string): void;
  ask(text: string, answer: Answer<string>): void;
}

interface Calls {
  message(text: string): void;
  answer(text: string, answer: Answer<string>): void;
}

const server = createServer();
const io = new Server<Called, Calls>(server, { path: '/hub', transports: ['websocket'], serveClient: false });

io.on('connection', (socket: Socket<Called, Calls>) => {
  socket.on('echo', (text, answer) => answer(text));
  socket.on('broadcast', (text) => io.emit('message', text));
  socket.on('join', async (group, answer) => {
    await socket.join(group);
    answer(null);
  });
  socket.on('sendGroup', (group, text) => io.to(group).emit('message', text));
  socket.on('ask', async (text, answer) => answer(await socket.emitWithAck('answer', text)));
});

const redisUrl = process.env['REDIS_URL'];
if (redisUrl !== undefined) {
  const [publisher, subscriber] = [new Redis(redisUrl), new Redis(redisUrl)];
  io.adapter(createAdapter(publisher, subscriber));
  // Commands of one connection are answered in turn: behind this one, the adapter hears the others.
  await Promise.all([publisher.ping(), subscriber.ping()]);
}
await serve(server);
