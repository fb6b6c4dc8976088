import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { attach } from '../../src/transport/host.ts';
import { Onlooker } from './application.ts';
import { certificate, key } from './certificate.ts';
import { listen, makeEndpoint } from './serve.ts';
import { head, message, openWebSocket } from './websocket-client.ts';

async function serveSecurely(): Promise<{ onlooker: Onlooker; port: number; connections: () => number }> {
  const onlooker = new Onlooker();
  const endpoint = makeEndpoint({ opened: onlooker.opened });
  const server = createServer({ key, cert: certificate });
  const connections = vi.fn();
  server.on('secureConnection', connections);
  attach(server, (path) => (path === '/hub' ? endpoint : undefined));
  return { onlooker, port: await listen(server), connections: () => connections.mock.calls.length };
}

test('a WebSocket over TLS', async () => {
  const { onlooker, port } = await serveSecurely();
  const webSocket = await openWebSocket(`https://127.0.0.1:${port}/hub?x=1`, { ca: certificate });
  const { connection } = await onlooker.peer();
  expect(connection.request.url.href).toBe(`https://127.0.0.1:${port}/hub?x=1`);
  for (const text of ['ascii', 'ä世😀', 'x'.repeat(70_000)]) {
    connection.write(text);
    expect((await message(webSocket)).text).toBe(text);
  }
});

test('an upgrade over TLS that nobody wants is an ordinary request', async () => {
  const { port, connections } = await serveSecurely();
  const socket = connect({ port, host: '127.0.0.1', ca: certificate });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  socket.setEncoding('latin1');
  const upgrade = ['Host: x', 'Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 4'];
  for (let i = 0; i < 2; i++) {
    socket.write(`${head('POST /hub/negotiate HTTP/1.1', ...upgrade)}body`);
    const [answer] = (await once(socket, 'data')) as [string];
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[^]*connectionId/);
  }
  expect(connections()).toBe(1);
});
