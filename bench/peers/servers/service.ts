import { createServer } from 'node:http';
import { Service } from 'signalbox/service';
import { serve } from './control.ts';
import { profilerCommands } from './profiler.ts';

const server = createServer();
new Service({ accessKeys: [process.env['ACCESS_KEY'] ?? ''], log: () => undefined }).attach(server);
await serve(server, profilerCommands());
