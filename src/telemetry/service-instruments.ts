import type { Instrument } from './instrument.ts';
import { latencyBounds } from '../metering/latency-buckets.ts';

const perHub = ['signalr.hub'] as const;
const perDirection = ['signalr.hub', 'signalr.direction'] as const;
const perEndpoint = ['signalr.hub', 'signalr.endpoint'] as const;

/**
 * Every instrument of the service: first those that the Azure SignalR Service publishes, by its names, then our own. The exporters, the table in
 * docs/telemetry.md and the check of the Grafana board are made of this one.
 */
export const serviceInstruments = {
  connectionCount: {
    name: 'ConnectionCount',
    kind: 'gauge',
    unit: '{connection}',
    description: 'Connections at the moment.',
    attributes: ['Endpoint'],
    published: true,
  },
  connectionOpenCount: {
    name: 'ConnectionOpenCount',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were opened.',
    attributes: ['Endpoint'],
    published: true,
  },
  connectionCloseCount: {
    name: 'ConnectionCloseCount',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were closed, or turned away, by why.',
    attributes: ['Endpoint', 'ConnectionCloseCategory'],
    published: true,
  },
  connectionQuotaUtilization: {
    name: 'ConnectionQuotaUtilization',
    kind: 'gauge',
    unit: '%',
    description: 'Connections of clients and app servers together, of the option `quota`. Absent without it.',
    attributes: [],
    published: true,
  },
  messageCount: {
    name: 'MessageCount',
    kind: 'counter',
    unit: '{message}',
    description: 'Billed messages. It moves when a hub has 100 more, as there.',
    attributes: [],
    published: true,
  },
  inboundTraffic: {
    name: 'InboundTraffic',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes from clients and app servers.',
    attributes: [],
    published: true,
  },
  outboundTraffic: {
    name: 'OutboundTraffic',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes to clients and app servers.',
    attributes: [],
    published: true,
  },
  serverLoad: {
    name: 'ServerLoad',
    kind: 'gauge',
    unit: '%',
    description: 'How much of the last minute the event loop was busy.',
    attributes: [],
    published: true,
  },
  systemErrors: {
    name: 'SystemErrors',
    kind: 'gauge',
    unit: '%',
    description: "Operations of the last minute that failed by the service's fault.",
    attributes: [],
    published: true,
  },
  userErrors: {
    name: 'UserErrors',
    kind: 'gauge',
    unit: '%',
    description: "Operations of the last minute that failed by the client's or the app server's fault.",
    attributes: [],
    published: true,
  },
  billed: {
    name: 'signalbox.service.billed',
    kind: 'counter',
    unit: '{message}',
    description: 'Billed messages, exactly.',
    attributes: perDirection,
  },
  messages: {
    name: 'signalbox.service.messages',
    kind: 'counter',
    unit: '{message}',
    description: 'Hub messages of every kind, whatever their size: from clients and to clients.',
    attributes: perDirection,
  },
  traffic: {
    name: 'signalbox.service.traffic',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes: hub messages with their framing, and with that of the service protocol where app servers are concerned.',
    attributes: perDirection,
  },
  connections: {
    name: 'signalbox.service.connections',
    kind: 'gauge',
    unit: '{connection}',
    description: 'Connections at the moment.',
    attributes: perEndpoint,
  },
  opened: {
    name: 'signalbox.service.connections.opened',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were opened.',
    attributes: perEndpoint,
  },
  closed: {
    name: 'signalbox.service.connections.closed',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were closed, or turned away, by why.',
    attributes: [...perEndpoint, 'signalr.close.category'],
  },
  appServers: {
    name: 'signalbox.service.app_servers',
    kind: 'gauge',
    unit: '{server}',
    description: 'App servers that are connected, each with one connection or more.',
    attributes: [],
  },
  operations: {
    name: 'signalbox.service.operations',
    kind: 'counter',
    unit: '{operation}',
    description: 'What clients and app servers asked for: connections, messages, requests.',
    attributes: perHub,
  },
  errors: {
    name: 'signalbox.service.errors',
    kind: 'counter',
    unit: '{operation}',
    description: 'Operations that failed, by whose fault.',
    attributes: [...perHub, 'signalr.fault'],
  },
  latency: {
    name: 'signalbox.service.latency',
    kind: 'histogram',
    unit: 's',
    description:
      "How long messages take through this node: from when their bytes are read to when the system has taken them for the receiver's socket. `to_server` or `to_client`; up to ten a second of each hub and way are timed.",
    attributes: perDirection,
    buckets: latencyBounds,
  },
  queues: {
    name: 'signalbox.service.queue.size',
    kind: 'gauge',
    unit: 'By',
    description: 'Bytes that wait to be taken, by clients or by app servers.',
    attributes: perEndpoint,
  },
  eventLoopDelay: {
    name: 'signalbox.service.event_loop.delay',
    kind: 'gauge',
    unit: 's',
    description: 'How late the event loop was on average in the last minute.',
    attributes: [],
  },
  eventLoopDelayMax: {
    name: 'signalbox.service.event_loop.delay.max',
    kind: 'gauge',
    unit: 's',
    description: 'How late it was at most in the last minute.',
    attributes: [],
  },
} as const satisfies Readonly<Record<string, Instrument>>;

export type ServiceInstrumentName = keyof typeof serviceInstruments;
