import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { context } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { defineHub, method, type SignalROptions } from 'signalbox';
import { openTelemetry } from 'signalbox/opentelemetry';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { turns } from '../transport/application.ts';
import { StatefulHost } from './stateful-host.ts';

const hub = defineHub()({
  name: 'Chat',
  connected: () => {},
  disconnected: () => {},
  methods: {
    echo: method([z.string()], (_, text) => text),
    flood: method([z.number()], ({ clients }, megabytes) => {
      for (let i = 0; i < megabytes; i++) void clients.caller.send('said', 'x'.repeat(1_000_000));
    }),
  },
});

const open = (options: SignalROptions = {}): Promise<StatefulHost> => StatefulHost.open((signalr) => signalr.map('/hub', hub), options);

describe('a connection, however many sockets carry it,', () => {
  test('is one, and each return is told', async () => {
    const host = await open();
    const client = await host.connect();
    await client.comeBack();
    await client.lose();
    expect(host.signalr.health()).toMatchObject({ connections: 1, hubs: [{ connections: 1 }] });
    await client.comeBack();
    expect(host.ledger.open.length).toBe(1);
    client.webSocket.close();
    await host.expectNothingLeft();
    expect(host.ledger.accounts).toMatchObject([{ reconnects: 2, timedOut: false, ends: [false] }]);
    expect(host.ledger.lifetimes).toEqual(['OnConnectedAsync', 'OnDisconnectedAsync']);
    expect(host.said('transport.replaced').length).toBe(2);
  });

  test.each([true, false])('has ended with the host that closes (away: %s)', async (away) => {
    const host = await open();
    const client = await host.connect();
    if (away) await client.lose();
    await host.signalr.close();
    await host.expectNothingLeft();
    expect(host.ledger.accounts).toMatchObject([{ ends: [true] }]);
    expect(host.ledger.lifetimes).toEqual(['OnConnectedAsync', 'OnDisconnectedAsync']);
  });

  test('has timed out where its client stays away', async () => {
    const host = await open();
    const client = await host.connect();
    await client.lose();
    host.clock.advance(15_200);
    await host.expectNothingLeft();
    expect(host.ledger.accounts).toMatchObject([{ timedOut: true, ends: [false] }]);
  });

  test('tells of each message that came: acks, sequence messages and what is repeated, too', async () => {
    const host = await open();
    const client = await host.connect();
    const call = { type: 1, invocationId: '1', target: 'echo', arguments: ['x'] };
    client.send(call, { type: 6 });
    await client.receive();
    client.send({ type: 8, sequenceId: 1 });
    await eventually(() => expect(host.ledger.messages).toBe(3));
    await client.comeBack();
    client.send({ type: 9, sequenceId: 1 }, call, { ...call, invocationId: '2' });
    expect(await client.receive()).toMatchObject({ invocationId: '2' });
    expect(host.ledger.messages).toBe(6);
    expect(host.ledger.statuses).toEqual(['ok', 'ok']);
  });
});

describe('a client that takes nothing', () => {
  const roomy = { maximumQueuedBytes: 50_000_000, statefulReconnectBufferSize: 50_000_000 };

  async function congested(): Promise<{ readonly host: StatefulHost; readonly client: Awaited<ReturnType<StatefulHost['connect']>> }> {
    const host = await open(roomy);
    const client = await host.connect();
    client.send({ type: 1, target: 'flood', arguments: [20] });
    client.webSocket.pause();
    await eventually(() => expect(host.ledger.accounts[0]?.congested.size).toBe(1));
    return { host, client };
  }

  test('is congested no more when it comes back by a socket that it reads', async () => {
    const { host, client } = await congested();
    await client.comeBack();
    for (let i = 0; i < 20; i++) expect(await client.receive()).toMatchObject({ target: 'said' });
    await eventually(() => expect(host.ledger.accounts[0]?.congested.size).toBe(0));
    client.webSocket.close();
    await host.expectNothingLeft();
  });

  test('is not congested while it is away', async () => {
    const { host, client } = await congested();
    await client.lose();
    await turns(5);
    expect(host.ledger.accounts[0]?.congested.size).toBe(0);
    host.clock.advance(15_200);
    await host.expectNothingLeft();
  });
});

test('the spans of its life are two, in the trace of the request that opened it', async () => {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  const host = await open({ telemetry: openTelemetry({ metrics: false, tracerProvider }) });
  const client = await host.connect();
  await client.lose();
  await client.comeBack();
  await client.call('echo', 'x');
  await client.lose();
  host.clock.advance(15_200);
  await eventually(() => expect(exporter.getFinishedSpans().length).toBe(3));
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['Chat/OnConnectedAsync', 'Chat/echo', 'Chat/OnDisconnectedAsync']);
});
