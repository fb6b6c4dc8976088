import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { defineHub, silent, SignalR } from 'signalbox';
import { redis } from 'signalbox/redis';
import { describe, expect, test } from 'vitest';
import { connected } from '../redis/farm.ts';
import { faults } from '../redis/faults.ts';
import { Link } from '../redis/link.ts';
import { redisIsHere } from '../redis/redis-server.ts';

const MESSAGES = 2_000;
const CUTS = 5;
const hub = defineHub<{ note(number: number): void; joined(): void }>()({
  name: 'Numbers',
  connected: async ({ clients, groups }) => {
    await groups.join('g');
    await clients.caller.joined();
  },
  methods: {},
});

describe.skipIf(!redisIsHere)('a client with stateful reconnect, in a farm', () => {
  const { redisServer, ends } = faults();

  /** A server of the farm. */
  async function serve(url: string): Promise<{ readonly signalr: SignalR; readonly port: number }> {
    const backplane = redis(url);
    const signalr = new SignalR({ backplane, log: silent }).map('/numbers', hub, { allowStatefulReconnects: true });
    const server = createServer();
    signalr.attach(server);
    ends(async () => {
      await signalr.close();
      server.closeAllConnections();
      server.close();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await connected(backplane);
    return { signalr, port: (server.address() as AddressInfo).port };
  }

  function client(url: string, protocol: string): HubConnection {
    const builder = new HubConnectionBuilder()
      .withUrl(`${url}/numbers`, { transport: HttpTransportType.WebSockets })
      .withStatefulReconnect()
      .configureLogging(LogLevel.None);
    return (protocol === 'messagepack' ? builder.withHubProtocol(new MessagePackHubProtocol()) : builder).build();
  }

  test.each(['json', 'messagepack'])(
    'hears what other servers say once and in order, wherever its socket is cut (%s)',
    async (protocol) => {
      const { url } = await redisServer();
      const [near, far] = [await serve(url), await serve(url)];
      const link = await Link.to(near.port);
      ends(() => link.close());
      const connection = client(link.url.replace('redis', 'http'), protocol);
      ends(() => connection.stop());
      const heard: number[] = [];
      connection.on('note', (number: number) => heard.push(number));
      const joined = new Promise<void>((resolve) => connection.on('joined', resolve));
      await connection.start();
      await joined;
      const id = connection.connectionId;
      const group = far.signalr.hub(hub).clients.group('g');
      for (let number = 0; number < MESSAGES; number++) {
        await group.note(number);
        if (number % (MESSAGES / CUTS) !== 100) continue;
        link.become('cut');
        link.become('open');
      }
      await expect.poll(() => heard.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(MESSAGES);
      expect(heard).toEqual(Array.from({ length: MESSAGES }, (_, number) => number));
      expect(connection.connectionId).toBe(id);
    },
  );
});
