import { once } from 'node:events';
import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import pino from 'pino';
import { PassThrough } from 'node:stream';
import { Registry } from 'prom-client';
import { pinoLog } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { prometheus } from 'signalbox/prometheus';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { host, refusal, transports } from './chat-under-test.ts';

const SECRET = 'hunter2hunter2';

test('nothing that clients send stands in logs, metrics or spans: no tokens, no arguments, no results', async () => {
  const lines: string[] = [];
  const logged = new PassThrough({ encoding: 'utf8' }).on('data', (line: string) => void lines.push(line));
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const registry = new Registry();
  const here = await host({
    log: pinoLog(pino({ level: 'debug' }, logged)),
    telemetry: [prometheus({ registry }), openTelemetry({ metrics: false, tracerProvider })],
    authenticate: () => ({ sub: SECRET }),
    clientTimeoutInterval: 200,
    keepAliveInterval: 100,
  });
  for (const transport of transports) {
    const client = new HubConnectionBuilder()
      .withUrl(`${here.url}/chat?secret=${SECRET}`, { transport: HttpTransportType[transport], accessTokenFactory: () => SECRET })
      .configureLogging(LogLevel.None)
      .build();
    client.on('ask', () => SECRET);
    await client.start();
    await client.invoke('echo', SECRET);
    for (const name of ['fail', 'secret', 'refuse', 'unknown']) await refusal(client, name, SECRET);
    await client.invoke('ask', SECRET);
    await client.stop();
  }
  const bad = [
    `{"protocol":"${SECRET}`,
    `{"protocol":"json" ${SECRET}}\x1e`,
    `{"protocol":"json","version":1,"${SECRET}":"${SECRET}"}\x1e{"type":1,"target":"echo","arguments":["${SECRET}\x1e`,
    `{"protocol":"json","version":1}\x1e{"type":1,"target":"echo","arguments":"${SECRET}"}\x1e`,
    `{"protocol":"json","version":1}\x1e${SECRET}\x1e`,
    `{"protocol":"json","version":1}\x1e{"type":1,"headers":{"authorization":"${SECRET}"},"target":"echo","arguments":[${SECRET}]}\x1e`,
  ];
  for (const text of bad) {
    const socket = new WebSocket(`${here.url.replace('http', 'ws')}/chat?access_token=${SECRET}`);
    await once(socket, 'open');
    socket.send(text);
    if (text === bad[0]) socket.terminate();
    await once(socket, 'close');
  }
  await eventually(() => expect(here.signalr.health().connections).toBe(0));
  const said = lines.map((line) => (JSON.parse(line) as { readonly event: string }).event);
  expect(said).toEqual(expect.arrayContaining(['hub.handshake-refused', 'hub.protocol-error', 'hub.call-refused']));
  expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
  expect(await registry.metrics()).not.toContain(SECRET);
  const traced = JSON.stringify(
    spans.getFinishedSpans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
  );
  expect(traced).toContain('Chat/echo');
  expect(traced).not.toContain(SECRET);
  trace.disable();
});
