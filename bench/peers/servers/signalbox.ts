import { createServer } from 'node:http';
import { SignalR } from 'signalbox';
import { benchHub } from './bench-hub.ts';
import { serve } from './control.ts';
import { profilerCommands } from './profiler.ts';

const server = createServer();
// Every option at its default, as with the peers; but who asks for stateful reconnect gets it.
new SignalR().map('/hub', benchHub, { allowStatefulReconnects: true }).attach(server);
await serve(server, profilerCommands());
