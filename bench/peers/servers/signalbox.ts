import { createServer } from 'node:http';
import { SignalR } from 'signalbox';
import { benchHub } from './bench-hub.ts';
import { serve } from './control.ts';
import { profilerCommands } from './profiler.ts';

const server = createServer();
// Every option at its default, as with the peers.
new SignalR().map('/hub', benchHub).attach(server);
await serve(server, profilerCommands());
