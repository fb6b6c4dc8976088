import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { busBackplane, healthChecks, SignalR } from 'signalbox';
import { desk } from './hub.ts';
import { NatsBus } from './nats-bus.ts';

const bus = await NatsBus.connect(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222');
const signalr = new SignalR({
  backplane: busBackplane(bus, { subjectPrefix: 'shop' }),
  // Who one says one is: for this example only.
  authenticate: ({ url }) => ({ sub: url.searchParams.get('user') ?? 'guest' }),
}).map('/desk', desk);

const server = createServer(healthChecks(signalr));
signalr.attach(server);
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
await once(server, 'listening');
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

process.once('SIGTERM', () => {
  void signalr.close().then(() => {
    server.close();
    server.closeAllConnections();
    return undefined;
  });
});
