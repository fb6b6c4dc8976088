import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { defineHub, method, SignalR } from 'signalbox';
import { Service, statusPage } from '../../src/service.ts';
import { haproxy, nginx, Proxy, proxyIsHere } from './proxy.ts';

const ACCESS_KEY = 'the access key of the service behind the proxy';
const silent = (): void => {};

interface Guest {
  note(text: string): void;
}

const hub = defineHub<Guest>()({
  methods: {
    echo: method((_, text) => text),
    address: method(({ request }) => request.remoteAddress),
    tell: method(({ clients }, text) => clients.all.note(String(text))),
    count: method(function* () {
      for (let at = 0; at < 3; at++) yield at;
    }),
  },
});

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

for (const program of [nginx, haproxy])
  describe.skipIf(!proxyIsHere(program))(`behind ${program.command}, as docs/service.md sets it up`, () => {
    let proxy: Proxy;
    let service: Service;
    let signalr: SignalR;
    let negotiateUrl: string;
    const servers: Server[] = [];

    beforeAll(async () => {
      // The proxy's certificate is signed by nobody.
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      service = new Service({ accessKeys: [ACCESS_KEY], trustForwardedFor: true, log: silent });
      const page = statusPage(() => service.status(), { visibleTo: () => true });
      const front = createServer((request, response) => void (page(request, response) || response.writeHead(404).end()));
      service.attach(front);
      proxy = await Proxy.start(program, await listen(front));
      signalr = new SignalR({ log: silent }).map('/chat', hub, { maximumReceiveMessageSize: 200_000 });
      const connected = signalr.connect(`Endpoint=${proxy.url};AccessKey=${ACCESS_KEY};Version=1.0;`).connected;
      const app = createServer();
      signalr.attach(app);
      negotiateUrl = `http://127.0.0.1:${await listen(app)}/chat`;
      servers.push(front, app);
      await connected;
    });
    afterAll(async () => {
      await signalr.close();
      await service.close();
      for (const server of servers.splice(0)) {
        server.close();
        server.closeAllConnections();
      }
      await proxy.stop();
      vi.unstubAllEnvs();
    });

    async function connect(transport: HttpTransportType, headers: Record<string, string> = {}): Promise<HubConnection> {
      const connection = new HubConnectionBuilder().withUrl(negotiateUrl, { transport, headers }).configureLogging(LogLevel.None).build();
      await connection.start();
      return connection;
    }

    test.each([
      ['WebSockets', HttpTransportType.WebSockets],
      ['server-sent events', HttpTransportType.ServerSentEvents],
      ['long polling', HttpTransportType.LongPolling],
    ])('the official client calls, streams and is told over %s', async (_, transport) => {
      const connection = await connect(transport);
      const told = new Promise((resolve) => connection.on('note', resolve));
      expect(service.status().clients).toBe(1);
      expect(await connection.invoke('echo', 'x'.repeat(100_000))).toHaveLength(100_000);
      const items: unknown[] = [];
      await new Promise<void>((resolve, reject) =>
        connection.stream('count').subscribe({ next: (item) => items.push(item), complete: resolve, error: reject }),
      );
      expect(items).toEqual([0, 1, 2]);
      await connection.invoke('tell', 'now');
      expect(await told).toBe('now');
      await connection.stop();
    });

    test('a hub knows the address that the proxy saw, whatever its client makes up', async () => {
      const connection = await connect(HttpTransportType.LongPolling, { 'X-Forwarded-For': '203.0.113.9' });
      expect(await connection.invoke('address')).toBe('127.0.0.1');
      await connection.stop();
    });

    test('nothing else of the service is passed on', async () => {
      for (const path of ['', 'status.json', 'client', 'server', 'other/client/']) {
        expect([404, 503]).toContain((await fetch(`${proxy.url}/${path}`)).status);
      }
    });
  });
