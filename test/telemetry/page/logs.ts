import { createServer } from 'node:http';
import { pino } from 'pino';
import { pinoLog, SignalR } from 'signalbox';
import { chat } from './chat.ts';

const signalr = new SignalR({ log: pinoLog(pino()) });
signalr.map('/chat', chat).attach(createServer().listen(3000));
