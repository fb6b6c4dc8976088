import { createServer } from 'node:http';
import { Service } from 'signalbox/service';
import { serve } from './control.ts';
import { profilerCommands } from './profiler.ts';

const server = createServer();
// What counting costs is measured against a service that does not.
const metering = { messages: process.argv[2] !== 'unmetered' };
new Service({ accessKeys: [process.env['ACCESS_KEY'] ?? ''], log: () => undefined, metering }).attach(server);
await serve(server, profilerCommands());
