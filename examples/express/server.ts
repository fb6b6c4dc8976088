import express from 'express';
import { SignalR } from 'signalbox';
import { chat } from './chat.ts';

const app = express();
app.get('/health', (_, response) => response.send('ok'));
const signalr = new SignalR().map('/chat', chat);
signalr.attach(app.listen(3000));

await signalr.hub(chat).clients.all.message('system', 'hello'); // from anywhere in the process
