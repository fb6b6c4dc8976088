import type { Instrument } from './instrument.ts';

/** The reference server's advice for connections, in seconds. */
const long = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] as const;
/** Its advice for requests, and two more at the short end: most methods take less than any HTTP request. */
const short = [0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

const perConnection = ['rpc.service', 'signalr.transport'] as const;
const perService = ['rpc.service'] as const;
const perMethod = ['rpc.service', 'rpc.method'] as const;
const perStream = ['rpc.service', 'signalr.stream.direction'] as const;

/**
 * Every instrument. The exporters for OpenTelemetry and Prometheus and the table in docs/telemetry.md are made of this one.
 */
export const instruments = {
  connectionDuration: {
    name: 'signalr.server.connection.duration',
    kind: 'histogram',
    unit: 's',
    description: 'The duration of connections on the server.',
    attributes: ['signalr.connection.status', 'signalr.transport'],
    buckets: long,
    reference: true,
  },
  activeConnections: {
    name: 'signalr.server.active_connections',
    kind: 'upDownCounter',
    unit: '{connection}',
    description: 'Number of connections that are currently active on the server.',
    attributes: ['signalr.transport'],
    reference: true,
  },
  negotiations: {
    name: 'signalr.server.negotiations',
    kind: 'counter',
    unit: '{negotiation}',
    description: 'Negotiate requests. An abandoned one was counted as answered before.',
    attributes: ['rpc.service', 'signalr.negotiation.status'],
  },
  messagesReceived: {
    name: 'signalr.server.messages.received',
    kind: 'counter',
    unit: '{message}',
    description: 'Messages of the hub protocol that clients sent, pings included.',
    attributes: perConnection,
  },
  messagesSent: {
    name: 'signalr.server.messages.sent',
    kind: 'counter',
    unit: '{message}',
    description: 'Messages written to clients, pings and handshakes included: a broadcast counts once for each client.',
    attributes: perConnection,
  },
  networkReceived: {
    name: 'signalr.server.network.received',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes that clients sent, without what HTTP and WebSocket frames add.',
    attributes: perConnection,
  },
  networkSent: {
    name: 'signalr.server.network.sent',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes sent to clients, without what HTTP and WebSocket frames add.',
    attributes: perConnection,
  },
  congestedConnections: {
    name: 'signalr.server.congested_connections',
    kind: 'gauge',
    unit: '{connection}',
    description: 'Connections whose write queue is over transportMaxBufferSize: they are not read from, and streams to them wait.',
    attributes: perConnection,
  },
  congestedBytes: {
    name: 'signalr.server.congested_queue.size',
    kind: 'gauge',
    unit: 'By',
    description: 'Bytes that wait in the write queues of congested connections.',
    attributes: perConnection,
  },
  reconnects: {
    name: 'signalr.server.reconnects',
    kind: 'counter',
    unit: '{reconnect}',
    description: 'WebSockets by which clients came back to their connections (stateful reconnect).',
    attributes: perConnection,
  },
  slowClients: {
    name: 'signalr.server.slow_clients',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that were cut because their client took too little of what it was sent.',
    attributes: ['rpc.service', 'signalr.transport', 'signalr.slow_client.reason'],
  },
  invocations: {
    name: 'signalr.server.invocations',
    kind: 'counter',
    unit: '{invocation}',
    description: 'Invocations of hub methods that have ended, those with streams included.',
    attributes: [...perMethod, 'signalr.invocation.status'],
  },
  activeInvocations: {
    name: 'signalr.server.active_invocations',
    kind: 'upDownCounter',
    unit: '{invocation}',
    description: 'Invocations that run, those with streams included. What waits for its turn is not counted.',
    attributes: perMethod,
  },
  invocationDuration: {
    name: 'signalr.server.invocation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long invocations without streams take, filters and validation included.',
    attributes: [...perMethod, 'signalr.invocation.status'],
    buckets: short,
  },
  streamDuration: {
    name: 'signalr.server.stream.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long invocations with streams take, in either direction, to their end.',
    attributes: [...perMethod, 'signalr.invocation.status'],
    buckets: long,
  },
  activeStreams: {
    name: 'signalr.server.active_streams',
    kind: 'upDownCounter',
    unit: '{stream}',
    description: "Streams of invocations that run. A client's stream counts until its invocation is over.",
    attributes: perStream,
  },
  streamItems: {
    name: 'signalr.server.stream.items',
    kind: 'counter',
    unit: '{item}',
    description: 'Items of streams.',
    attributes: perStream,
  },
  clientResultDuration: {
    name: 'signalr.server.client_result.duration',
    kind: 'histogram',
    unit: 's',
    description: "How long clients take to answer with a result, by the client's method.",
    attributes: [...perMethod, 'signalr.client_result.status'],
    buckets: short,
  },
  backplaneConnected: {
    name: 'signalr.server.backplane.connected',
    kind: 'gauge',
    unit: '{backplane}',
    description: 'Backplanes that reach the other servers: 1, or 0 while they do not.',
    attributes: perService,
  },
  outboxMessages: {
    name: 'signalr.server.backplane.outbox.messages',
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages that the other servers have not been sent yet.',
    attributes: perService,
  },
  outboxBytes: {
    name: 'signalr.server.backplane.outbox.size',
    kind: 'gauge',
    unit: 'By',
    description: 'Bytes of the messages that the other servers have not been sent yet.',
    attributes: perService,
  },
  backplaneLag: {
    name: 'signalr.server.backplane.lag',
    kind: 'gauge',
    unit: 's',
    description: 'How long the oldest message that the other servers have not been sent has waited.',
    attributes: perService,
  },
  backplaneRoundTrip: {
    name: 'signalr.server.backplane.round_trip',
    kind: 'gauge',
    unit: 's',
    description: "How long the answer to the backplane's last sign of life took.",
    attributes: perService,
  },
  backplaneLost: {
    name: 'signalr.server.backplane.lost',
    kind: 'counter',
    unit: '{message}',
    description: 'Messages that the other servers were never sent, because the outbox was full or they were too old.',
    attributes: perService,
  },
  backplaneCuts: {
    name: 'signalr.server.backplane.cuts',
    kind: 'counter',
    unit: '{cut}',
    description: 'How often a connection of the backplane failed after it had stood.',
    attributes: perService,
  },
  backplaneGaps: {
    name: 'signalr.server.backplane.gaps',
    kind: 'counter',
    unit: '{gap}',
    description: 'How often the backplane found messages of other servers missing without a cut.',
    attributes: perService,
  },
} as const satisfies Readonly<Record<string, Instrument>>;
