import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignalR, type SignalROptions } from 'signalbox';
import { redis } from 'signalbox/redis';
import { farmHub } from './hub.ts';

/** One server of a farm: it says where it is when it is connected to the Redis that `REDIS_URL` names. */
const backplane = redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1');
/** Options as JSON, for tests that need others. */
const options = JSON.parse(process.env['SIGNALR_OPTIONS'] ?? '{}') as SignalROptions<unknown>;
const signalr = new SignalR({
  ...options,
  backplane,
  authenticate: ({ url }) => ({ sub: url.searchParams.get('user') ?? 'nobody' }),
}).map('/farm', farmHub);

/** Changes groups of connections by their ids: `POST /join?id=…&group=…`. */
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const { groups } = signalr.hub(farmHub);
  const [id, group] = [searchParams.get('id') ?? '', searchParams.get('group') ?? ''];
  const changed = pathname === '/join' ? groups.join(id, group) : groups.leave(id, group);
  changed.then(
    () => response.writeHead(204).end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
signalr.attach(server);

server.listen(0, '127.0.0.1');
await once(server, 'listening');
while (backplane.state !== 'connected') await new Promise((resolve) => setTimeout(resolve, 10));
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

process.once('SIGTERM', () => {
  void signalr.close().then(() => {
    server.close();
    server.closeAllConnections();
    return undefined;
  });
});
