import { createServer } from 'node:http';
import { SignalR } from 'signalbox';
import { benchHub } from './bench-hub.ts';
import { serve } from './control.ts';

/** The largest message of the scenarios has a text of 1 MB. */
const LARGEST_MESSAGE = 2 * 1024 * 1024;

const server = createServer();
const signalr = new SignalR({ maximumReceiveMessageSize: LARGEST_MESSAGE }).map('/hub', benchHub);
const service = signalr.connect(process.env['SERVICE'] ?? '');
signalr.attach(server);
await service.connected;
await serve(server);
