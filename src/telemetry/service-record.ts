import { closeCategories, type CloseCategory, type MeteredEndpoint } from '../metering/close-category.ts';
import type { Passage } from '../metering/latency.ts';
import { once } from './connection-records.ts';
import type { Attributes, Labelled, Metrics, ReadableSeries, Series } from './metrics.ts';
import { serviceInstruments, type ServiceInstrumentName } from './service-instruments.ts';
import type { HubReadings, ServiceReadings } from './service-readings.ts';

type Sample = readonly [attributes: Attributes, value: number];
type Source = (readings: ServiceReadings) => Iterable<Sample>;

/** The published figure moves when a hub has so many billed messages more. */
const STEP = 100;

const endpoints: readonly MeteredEndpoint[] = ['Client', 'Server'];
const directions = ['FromClients', 'ToClients', 'FromServers', 'ToServers'] as const;
/** The values of `signalr.direction`. */
const directionNames = { FromClients: 'from_client', ToClients: 'to_client', FromServers: 'from_server', ToServers: 'to_server' } as const;

/** What each instrument shows of a service. The histogram is told instead. */
const sources: Readonly<Record<Exclude<ServiceInstrumentName, 'latency'>, Source>> = {
  connectionCount: ({ meter: { connections } }) => [
    [{ Endpoint: 'Client' }, connections.clients],
    [{ Endpoint: 'Server' }, connections.servers],
  ],
  connectionOpenCount: ({ meter }) =>
    endpoints.map((Endpoint) => [{ Endpoint }, sum(meter, Endpoint === 'Client' ? 'clientsOpened' : 'serversOpened')]),
  connectionCloseCount: ({ meter }) =>
    endpoints.flatMap((Endpoint) =>
      closeCategories.map((ConnectionCloseCategory): Sample => {
        let closed = 0;
        for (const hub of meter.hubs.values()) closed += closedOf(hub, Endpoint, ConnectionCloseCategory);
        return [{ Endpoint, ConnectionCloseCategory }, closed];
      }),
    ),
  connectionQuotaUtilization: ({ quota, meter }) => (quota === null ? [] : [[{}, (100 * meter.connections.connections) / quota]]),
  messageCount: ({ meter }) => {
    let messages = 0;
    for (const { billed } of meter.hubs.values()) messages += Math.floor(billed / STEP) * STEP;
    return [[{}, messages]];
  },
  inboundTraffic: ({ meter }) => [[{}, sum(meter, 'bytesFromClients') + sum(meter, 'bytesFromServers')]],
  outboundTraffic: ({ meter }) => [[{}, sum(meter, 'bytesToClients') + sum(meter, 'bytesToServers')]],
  serverLoad: ({ load }) => [[{}, load.serverLoad]],
  systemErrors: ({ load }) => [[{}, load.systemErrors]],
  userErrors: ({ load }) => [[{}, load.userErrors]],
  billed: perHub((hub) => [
    [{ 'signalr.direction': 'to_client' }, hub.billedToClients],
    [{ 'signalr.direction': 'to_server' }, hub.billedToServers],
  ]),
  messages: perHub((hub) => [
    [{ 'signalr.direction': 'from_client' }, hub.messagesFromClients],
    [{ 'signalr.direction': 'to_client' }, hub.messagesToClients],
  ]),
  traffic: perHub((hub) => directions.map((direction) => [{ 'signalr.direction': directionNames[direction] }, hub[`bytes${direction}`]])),
  connections: perHub(({ clients, servers }) => perEndpoint(clients, servers)),
  opened: perHub(({ clientsOpened, serversOpened }) => perEndpoint(clientsOpened, serversOpened)),
  closed: perHub((hub) =>
    endpoints.flatMap((endpoint) =>
      // Most hubs never see most of them.
      closeCategories.flatMap((category): readonly Sample[] => {
        const closed = closedOf(hub, endpoint, category);
        return closed === 0 ? [] : [[{ 'signalr.endpoint': endpoint.toLowerCase(), 'signalr.close.category': category }, closed]];
      }),
    ),
  ),
  appServers: ({ meter }) => [[{}, meter.connections.appServers]],
  operations: perHub(({ operations }) => [[{}, operations]]),
  errors: perHub(({ userErrors, systemErrors }) => [
    [{ 'signalr.fault': 'user' }, userErrors],
    [{ 'signalr.fault': 'system' }, systemErrors],
  ]),
  queues: ({ queues }) =>
    [...queues].flatMap(([hub, { client, server }]) =>
      perEndpoint(client, server).map(([attributes, value]): Sample => [{ 'signalr.hub': hub, ...attributes }, value]),
    ),
  eventLoopDelay: ({ eventLoopDelay }) => [[{}, eventLoopDelay.mean]],
  eventLoopDelayMax: ({ eventLoopDelay }) => [[{}, eventLoopDelay.longest]],
};

/** Of services in one process, percentages and delays are the highest: they are about the process, or nobody could say of how much. */
const highest: ReadonlySet<ServiceInstrumentName> = new Set([
  'connectionQuotaUtilization',
  'serverLoad',
  'systemErrors',
  'userErrors',
  'eventLoopDelay',
  'eventLoopDelayMax',
]);

/** The services of a process: one, as a rule. Services that share the telemetry are counted together. */
export class ServiceRecord {
  readonly #services: ServiceReadings[] = [];
  readonly #latencies: (hub: string) => (passage: Passage) => Series;

  constructor(metrics: Metrics) {
    for (const [name, source] of Object.entries(sources) as [keyof typeof sources, Source][]) {
      metrics.gather(serviceInstruments[name], () => this.#gather(source, highest.has(name) ? Math.max : add));
    }
    this.#latencies = once((hub) =>
      once((passage) => metrics.histogram(serviceInstruments.latency, { 'signalr.hub': hub, 'signalr.direction': passage })),
    );
  }

  add(readings: ServiceReadings): void {
    this.#services.push(readings);
    readings.timed((hub, passage, seconds) => this.#latencies(hub)(passage).add(seconds));
  }

  #gather(source: Source, join: (a: number, b: number) => number): readonly Labelled<ReadableSeries>[] {
    const samples = this.#services.flatMap((readings) => [...source(readings)]);
    const joined = new Map<string, Sample>();
    for (const [attributes, value] of samples) {
      const key = Object.values(attributes).join('\n');
      const other = joined.get(key);
      joined.set(key, [attributes, other === undefined ? value : join(other[1], value)]);
    }
    return [...joined.values()].map(([attributes, value]) => ({ attributes, series: { value } }));
  }
}

function perHub(samplesOf: (hub: HubReadings) => readonly Sample[]): Source {
  return function* samples({ meter }) {
    for (const hub of meter.hubs.values()) {
      for (const [attributes, value] of samplesOf(hub)) yield [{ 'signalr.hub': hub.name, ...attributes }, value];
    }
  };
}

function perEndpoint(client: number, server: number): readonly Sample[] {
  return [
    [{ 'signalr.endpoint': 'client' }, client],
    [{ 'signalr.endpoint': 'server' }, server],
  ];
}

function closedOf({ closed }: HubReadings, endpoint: MeteredEndpoint, category: CloseCategory): number {
  return closed[endpoint][closeCategories.indexOf(category)] as number;
}

type CountOfHub = { [Name in keyof HubReadings]: HubReadings[Name] extends number ? Name : never }[keyof HubReadings];

function sum({ hubs }: ServiceReadings['meter'], count: CountOfHub): number {
  let total = 0;
  for (const hub of hubs.values()) total += hub[count];
  return total;
}

const add = (a: number, b: number): number => a + b;
