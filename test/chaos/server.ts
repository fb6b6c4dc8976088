import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { SignalR } from 'signalbox';
import { redis } from 'signalbox/redis';
import { now } from './clock.ts';
import { callers, chaosHub } from './hub.ts';
import type { FromServer, Setup, Told, ToServer } from './messages.ts';
import { Publisher } from './publisher.ts';

/** Milliseconds: a question that nobody answers is to be known before the program stops to look. */
const CLIENT_RESULT_TIMEOUT = 3_000;
const STATE_INTERVAL = 50;
const EVENTS = ['failed', 'restored', 'recovered', 'lost', 'silent', 'heard'];

const setup = JSON.parse(process.argv[2] ?? '') as Setup;
let closing = false;
// Who started this has gone, and nobody would end it; or all that was to be told has been.
process.once('disconnect', () => process.exit(closing ? 0 : 1));
if (!process.connected) process.exit(1);

function tell(message: FromServer): void {
  if (process.connected) process.send?.(message);
}

const backplane = redis(setup.redisUrl, setup.options);
for (const event of EVENTS) {
  (backplane.events as unknown as EventEmitter<Record<string, [Pick<Told, 'recovered' | 'messages' | 'server'>]>>).on(
    event,
    ({ recovered, messages, server: about }) => {
      tell({ kind: 'told', event, at: now(), recovered, messages, server: about });
    },
  );
}
const signalr = new SignalR({
  backplane,
  authenticate: ({ url }) => ({ sub: url.searchParams.get('user') ?? 'nobody' }),
  // What goes wrong is told by errors and events; what nobody caught ends the process, and is seen.
  log: ({ id }, { serverName }) => {
    if (id === 'redis.connecting-to-endpoints') tell({ kind: 'named', server: String(serverName) });
  },
}).map('/chaos', chaosHub, { clientResultTimeout: CLIENT_RESULT_TIMEOUT });
const server = createServer();
signalr.attach(server);
const publisher = new Publisher(setup, signalr.hub(chaosHub).clients, callers, tell);

let state = '';
setInterval(() => {
  if (backplane.state === state) return;
  state = backplane.state;
  tell({ kind: 'state', state });
}, STATE_INTERVAL);

process.on('message', (message: ToServer) => {
  if (message.kind === 'load') publisher.load(message.rate, message.weight);
  else {
    publisher.ids = message.ids;
    tell({ kind: 'introduced', round: message.round });
  }
});

process.once('SIGTERM', () => {
  publisher.load(0, 0);
  void signalr.close().then(() => {
    server.close();
    publisher.flush();
    closing = true;
    process.disconnect();
    return undefined;
  });
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
tell({ kind: 'ready', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
