import type { LatencyListener } from '../../src/metering/latency.ts';
import { Meter } from '../../src/metering/meter.ts';
import type { ServiceReadings } from '../../src/telemetry/service-readings.ts';

/** What a service would show, with a real meter, where the test says what happens. */
export class ReadingsUnderTest implements ServiceReadings {
  readonly meter = new Meter(10);
  quota: number | null = null;
  load: ServiceReadings['load'] = { serverLoad: 12.5, latency: null, userErrors: 2, systemErrors: 0.5 };
  eventLoopDelay = { mean: 0.002, longest: 0.25 };
  queues: ServiceReadings['queues'] = new Map();
  readonly #listeners: LatencyListener[] = [];

  timed(listener: LatencyListener): void {
    this.#listeners.push(listener);
  }

  /** A message was timed. */
  time(...passage: Parameters<LatencyListener>): void {
    for (const listener of this.#listeners) listener(...passage);
  }
}

/** A service with two hubs, to which a little of everything has happened. */
export function busyService(): ReadingsUnderTest {
  const service = new ReadingsUnderTest();
  const chat = service.meter.hub('chat');
  const news = service.meter.hub('news');
  for (let i = 0; i < 3; i++) chat.opened('Client');
  news.opened('Client');
  chat.opened('Server');
  service.meter.serverCame('app-1');
  chat.ended('Client', 'Normal');
  chat.ended('Client', 'PingTimeout');
  news.refused('Client', 'Throttled');
  chat.ended('Server', 'ServiceReload');
  news.opened('Server');
  Object.assign(chat, { billedToClients: 150, billedToServers: 49, messagesFromClients: 40, messagesToClients: 130 });
  Object.assign(chat, { bytesFromClients: 1_000, bytesToClients: 2_000, bytesFromServers: 3_000, bytesToServers: 4_000 });
  Object.assign(news, { billedToClients: 101, bytesFromClients: 10, bytesToClients: 20, bytesFromServers: 30, bytesToServers: 40 });
  chat.systemErrors = 1;
  service.queues = new Map([['chat', { client: 700, server: 70_000 }]]);
  return service;
}
