import { createServer } from 'node:http';
import { SignalR } from 'signalbox';
import { benchHub } from './bench-hub.ts';
import { serve } from './control.ts';
import { profilerCommands } from './profiler.ts';

const [, , telemetryName] = process.argv;
// Loaded only where it is measured.
const telemetry = telemetryName === undefined ? undefined : (await import('./telemetry.ts')).telemetryOf(telemetryName);

const server = createServer();
// Every other option at its default, as with the peers; but who asks for stateful reconnect gets it.
new SignalR({ ...(telemetry && { telemetry }) }).map('/hub', benchHub, { allowStatefulReconnects: true }).attach(server);
await serve(server, profilerCommands());
