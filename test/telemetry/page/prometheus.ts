import { createServer } from 'node:http';
import { register } from 'prom-client';
import { SignalR } from 'signalbox';
import { prometheus } from 'signalbox/prometheus';
import { chat } from './chat.ts';

const server = createServer((request, response) => {
  if (request.url === '/metrics') void register.metrics().then((text) => response.end(text));
  else response.writeHead(404).end();
});

const signalr = new SignalR({ telemetry: prometheus({ registry: register }) });
signalr.map('/chat', chat).attach(server.listen(3000));
