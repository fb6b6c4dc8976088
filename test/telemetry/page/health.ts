import express from 'express';
import { healthChecks, SignalR } from 'signalbox';
import { chat } from './chat.ts';

const signalr = new SignalR();
const app = express();
app.use(healthChecks(signalr));
signalr.map('/chat', chat).attach(app.listen(3000));
