import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { prometheus } from 'signalbox/prometheus';
import { Service } from 'signalbox/service';

const registry = new Registry();
const server = createServer((request, response) => {
  if (request.url === '/metrics') void registry.metrics().then((text) => response.end(text));
  else response.writeHead(404).end();
});

const accessKeys = [process.env['ACCESS_KEY'] ?? ''];
const service = new Service({ accessKeys, telemetry: prometheus({ registry }) });
service.attach(server.listen(8888));
