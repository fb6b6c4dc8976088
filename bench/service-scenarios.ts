import type { Work } from './load/plan.ts';
import type { SystemName } from './peers/peer.ts';
import { broadcast, echo, overWebSockets, SHORT, type Scenario } from './scenario.ts';

/** The same without a service between: the hub server itself, and what one writes first. */
const peers: readonly SystemName[] = ['signalbox', 'ws'];

function throughService(scenario: Scenario): Scenario {
  return { ...scenario, service: true, peers };
}

function metered(scenario: Scenario): Scenario {
  return { ...scenario, metering: true };
}

/** The managed service's own: 1,000 connections, as one unit has, and messages of 2,048 bytes. */
const UNIT = 1000;
const PUBLISHED_SIZE = 2048;

/** @param publishedRate - messages out a second of one unit */
function published(name: string, title: string, unit: Scenario['unit'], publishedRate: number, work: Work): Scenario {
  return throughService({
    ...overWebSockets,
    name: `managed-${name}`,
    title: `${title}, 2,048 bytes, 1,000 connections`,
    unit,
    connections: UNIT,
    work,
    publishedRate,
  });
}

/** Those of "Performance guide for Azure SignalR Service" by their names there, with what it says of Unit1. */
const managed: readonly Scenario[] = [
  published('echo', 'echo', 'echo', 1000, { kind: 'echo', size: PUBLISHED_SIZE, depth: 1 }),
  // No more than four clients send there.
  published('broadcast', 'broadcast, 4 in flight', 'delivery', 2000, { kind: 'broadcast', size: PUBLISHED_SIZE, inFlight: 4 }),
  published('small-group', 'send to small group, 100 groups of 10', 'delivery', 2000, {
    kind: 'groups',
    size: PUBLISHED_SIZE,
    groups: 100,
  }),
  published('big-group', 'send to big group, 10 groups of 100', 'delivery', 2000, { kind: 'groups', size: PUBLISHED_SIZE, groups: 10 }),
  {
    ...published('to-connection', 'send to connection', 'delivery', 1000, { kind: 'toConnection', size: PUBLISHED_SIZE }),
    quick: true,
  },
];

const KILOBYTE = 1024;
/** So few that a latency is the way of a message, and hardly a queue. */
const SENDERS = 4;

/** Beyond 32 KB the hub server by itself takes messages only where it is told to. */
function ofSize(name: string, size: number): Scenario {
  const title = `echo of ${size.toLocaleString('en')} characters, ${SENDERS} connections`;
  return { ...throughService(echo(`size-${name}`, title, SENDERS, size, 1)), peers: ['ws'], series: 'sizes' };
}

const sizes: readonly Scenario[] = [
  ofSize('256', 256),
  ofSize('1k', KILOBYTE),
  ofSize('4k', 4 * KILOBYTE),
  ofSize('16k', 16 * KILOBYTE),
  ofSize('64k', 64 * KILOBYTE),
  ofSize('256k', 256 * KILOBYTE),
  ofSize('1m', 1024 * KILOBYTE),
];

export const serviceScenarios: readonly Scenario[] = [
  metered({ ...throughService(echo('service-echo', 'echo through the service, 100 connections, depth 1', 100, SHORT, 1)), quick: true }),
  metered(throughService(echo('service-echo16', 'echo through the service, 50 connections, depth 16', 50, SHORT, 16))),
  metered(throughService(broadcast('service-broadcast', 'broadcast from an app server to 1,000, one at a time', 1000, SHORT, 1))),
  throughService(broadcast('service-broadcast8', 'broadcast from an app server to 1,000, 8 in flight', 1000, SHORT, 8)),
  throughService({
    ...overWebSockets,
    name: 'service-storm',
    title: '3,000 connections to the service, opened 100 at a time',
    unit: 'connection',
    connections: 3000,
    work: { kind: 'storm' },
  }),
  throughService({
    ...overWebSockets,
    name: 'service-idle',
    title: 'memory of 10,000 idle connections to the service',
    unit: 'connection',
    figure: 'memory',
    connections: 10_000,
    work: { kind: 'idle' },
  }),
  ...managed,
  ...sizes,
];
