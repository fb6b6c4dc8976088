import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignalR } from 'signalbox';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { benchHub } from '../../bench/peers/servers/bench-hub.ts';
import type { LoadPlan } from '../../bench/load/plan.ts';

/** The bench's hub on a server of this process. Resolves with its port. */
export async function startHub(): Promise<number> {
  const server = createServer();
  const signalr = new SignalR().map('/hub', benchHub, { allowStatefulReconnects: true }).attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    await signalr.close({ timeout: 500 });
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export interface Invocation {
  readonly type: number;
  readonly invocationId?: string;
  readonly target: string;
  readonly arguments: readonly string[];
}

/** A server whose answers are made by hand: `answer` gets each invocation with its number, from 0, and sends what it likes. */
export async function startFaulty(answer: (socket: WebSocket, invocation: Invocation, count: number) => void): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    let count = -1;
    socket.on('error', () => socket.terminate());
    socket.on('message', (data: Buffer) => {
      for (const record of data.toString().split('\x1e').slice(0, -1)) {
        if (count++ === -1) socket.send('{}\x1e');
        else answer(socket, JSON.parse(record) as Invocation, count - 1);
      }
    });
  });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export const complete = (socket: WebSocket, invocationId: string | undefined, result: unknown): void =>
  socket.send(`${JSON.stringify({ type: 3, invocationId, result })}\x1e`);

/** A short run. */
export function plan(port: number, changes: Partial<LoadPlan>): LoadPlan {
  return {
    endpoint: { host: '127.0.0.1', port, path: '/hub' },
    dialect: 'signalr-json',
    transport: 'webSockets',
    connections: 4,
    work: { kind: 'echo', size: 32, depth: 1 },
    warmUp: 30,
    duration: 120,
    settling: 1000,
    numbered: true,
    generator: 0,
    ...changes,
  };
}
