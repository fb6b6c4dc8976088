import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignalR } from 'signalbox';
import { benchHub } from './bench-hub.ts';
import { serve } from './control.ts';
import { profilerCommands } from './profiler.ts';

/** Milliseconds between two looks at whether Redis is there. */
const LOOK = 10;

const [, , telemetryName] = process.argv;
// Loaded only where it is measured.
const telemetry = telemetryName === undefined ? undefined : (await import('./telemetry.ts')).telemetryOf(telemetryName);

const redisUrl = process.env['REDIS_URL'];
const backplane = redisUrl === undefined ? undefined : (await import('signalbox/redis')).redis(redisUrl);

const server = createServer();
// Every other option at its default, as with the peers; but who asks for stateful reconnect gets it.
new SignalR({ ...(telemetry && { telemetry }), ...(backplane && { backplane }) })
  .map('/hub', benchHub, { allowStatefulReconnects: true })
  .attach(server);
if (backplane !== undefined) {
  // Nothing tells of the first connection; `restored` is for those after a failure.
  while (backplane.state !== 'connected') await sleep(LOOK);
}
await serve(server, profilerCommands());
