import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel, Subject } from '@microsoft/signalr';
import { defineHub, HubError, method, silent, SignalR, streamOf, type SignalROptions } from 'signalbox';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export const transports = ['WebSockets', 'ServerSentEvents', 'LongPolling'] as const;
export type Transport = (typeof transports)[number];

/** The values of `signalr.transport`. */
export const tags: Readonly<Record<Transport, string>> = {
  WebSockets: 'web_sockets',
  ServerSentEvents: 'server_sent_events',
  LongPolling: 'long_polling',
};

interface ChatClient {
  ask(question: string): string;
}

/** A hub with one method of every kind. */
export const chat = defineHub<ChatClient>()({
  name: 'Chat',
  results: { ask: z.string() },
  methods: {
    echo: method([z.string()], (_, text) => text),
    later: method([z.string()], async (_, text) => {
      await Promise.resolve();
      return text;
    }),
    fail: method([], () => {
      throw new RangeError('out of range');
    }),
    refuse: method([], () => Promise.reject(new HubError('no'))),
    secret: method([], { authorize: () => false }, () => 'secret'),
    count: method([z.number()], async function* (_, to) {
      for (let i = 1; i <= to; i++) yield await Promise.resolve(i);
    }),
    hang: method([], async function* ({ signal }) {
      yield 1;
      if (!signal.aborted) await once(signal, 'abort');
    }),
    countAndFail: method([], function* () {
      yield 1;
      throw new RangeError('out of range');
    }),
    sum: method([streamOf(z.number())], async (_, numbers) => {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    }),
    ask: method([z.string()], ({ clients }, question) => clients.caller.invoke.ask(question)),
  },
});

export interface Host {
  readonly url: string;
  readonly signalr: SignalR;
  readonly server: Server;
}

/** Serves the hub at `/chat` until the test is over. */
export async function host(options: SignalROptions): Promise<Host> {
  const signalr = new SignalR({ log: silent, ...options }).map('/chat', chat);
  const server = createServer();
  signalr.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    await signalr.close();
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, signalr, server };
}

/** The official client. */
export async function connect({ url }: Host, transport: Transport, path = '/chat'): Promise<HubConnection> {
  const client = new HubConnectionBuilder()
    .withUrl(`${url}${path}`, { transport: HttpTransportType[transport] })
    .configureLogging(LogLevel.None)
    .build();
  client.on('ask', (question: string) => (question === 'fail' ? Promise.reject(new Error('no')) : `${question}!`));
  onTestFinished(() => client.stop());
  await client.start();
  return client;
}

/** The text of the error that an invocation ends in. */
export function refusal(client: HubConnection, name: string, ...args: unknown[]): Promise<string> {
  return client.invoke(name, ...args).then(
    () => 'no error',
    (error: unknown) => (error as Error).message,
  );
}

/** All items of a stream, or the error's text in their place. */
export function collect(client: HubConnection, name: string, ...args: unknown[]): Promise<readonly unknown[] | string> {
  return new Promise((resolve) => {
    const items: unknown[] = [];
    client.stream(name, ...args).subscribe({
      next: (item) => void items.push(item),
      complete: () => resolve(items),
      error: (error: Error) => resolve(error.message),
    });
  });
}

/** Everything once, over one connection. */
export async function talk(client: HubConnection): Promise<void> {
  await client.invoke('Echo', 'x');
  await client.invoke('echo', 'x');
  await client.invoke('later', 'x');
  for (const name of ['fail', 'refuse', 'secret', 'made up', 'made up too']) await refusal(client, name);
  await refusal(client, 'echo', 1);
  await collect(client, 'count', 3);
  await collect(client, 'countAndFail');
  const numbers = new Subject<number>();
  const sum = client.invoke('sum', numbers);
  for (const number of [1, 2]) numbers.next(number);
  numbers.complete();
  await sum;
  await client.invoke('ask', 'why');
  await refusal(client, 'ask', 'fail');
}
