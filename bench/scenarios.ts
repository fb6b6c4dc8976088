import type { System, SystemName } from './peers/peer.ts';
import { broadcast, echo, overWebSockets, SHORT, type Scenario } from './scenario.ts';
import { serviceScenarios } from './service-scenarios.ts';

/** Servers of a farm. */
export const FARM = 3;

const rate = 15_000;

/** Texts are 32 characters where the title says nothing else. */
export const scenarios: readonly Scenario[] = [
  { ...echo('echo', 'echo, 100 connections, depth 1', 100, SHORT, 1), quick: true },
  { ...echo('echo16', 'echo, 50 connections, depth 16', 50, SHORT, 16), messagePack: true, quick: true },
  {
    ...echo('echo-stateful', 'echo with stateful reconnect, 100 connections, depth 1', 100, SHORT, 1),
    transport: 'statefulWebSockets',
    quick: true,
  },
  {
    ...echo('echo16-stateful', 'echo with stateful reconnect, 50 connections, depth 16', 50, SHORT, 16),
    transport: 'statefulWebSockets',
  },
  echo('echo4k', 'echo of 4 KB, 100 connections, depth 1', 100, 4096, 1),
  {
    ...echo('echorate', `echo at ${rate.toLocaleString('en')} a second, 200 connections`, 200, SHORT, 1),
    work: { kind: 'echo', size: SHORT, depth: 1, perSecond: rate },
  },
  { ...broadcast('broadcast-100', 'broadcast to 100, one at a time', 100, SHORT, 1), quick: true },
  broadcast('broadcast-1000', 'broadcast to 1,000, one at a time', 1000, SHORT, 1),
  {
    ...broadcast('broadcast-stateful', 'broadcast to 1,000 with stateful reconnect, one at a time', 1000, SHORT, 1),
    transport: 'statefulWebSockets',
  },
  broadcast('broadcast-5000', 'broadcast to 5,000, one at a time', 5000, SHORT, 1),
  { ...broadcast('broadcast-15000', 'broadcast to 15,000, one at a time', 15_000, SHORT, 1), large: true },
  broadcast('broadcast8', 'broadcast to 1,000, 8 in flight', 1000, SHORT, 8),
  { ...broadcast('farm-100', 'broadcast to 3 servers of 100 each over Redis, one at a time', 300, SHORT, 1), farm: true, quick: true },
  { ...broadcast('farm', 'broadcast to 3 servers of 1,000 each over Redis, one at a time', 3000, SHORT, 1), farm: true },
  { ...broadcast('farm8', 'broadcast to 3 servers of 1,000 each over Redis, 8 in flight', 3000, SHORT, 8), farm: true },
  broadcast('broadcast16k', 'broadcast of 16 KB to 200, one at a time', 200, 16_384, 1),
  {
    ...overWebSockets,
    name: 'groups',
    title: 'group sends, 1,000 connections in 50 groups',
    unit: 'delivery',
    connections: 1000,
    work: { kind: 'groups', size: SHORT, groups: 50 },
  },
  {
    ...overWebSockets,
    name: 'stream',
    title: 'streams of 1,000 items from an async generator, 10 connections',
    unit: 'item',
    connections: 10,
    work: { kind: 'stream', items: 1000 },
    quick: true,
  },
  {
    ...overWebSockets,
    name: 'upload',
    title: 'streams of 1,000 items to the server, 10 connections',
    unit: 'item',
    connections: 10,
    work: { kind: 'upload', items: 1000 },
  },
  {
    ...overWebSockets,
    name: 'storm',
    title: '3,000 connections, opened 100 at a time',
    unit: 'connection',
    connections: 3000,
    work: { kind: 'storm' },
  },
  {
    ...overWebSockets,
    name: 'idle',
    title: 'memory of 10,000 idle connections',
    unit: 'connection',
    figure: 'memory',
    connections: 10_000,
    work: { kind: 'idle' },
  },
  {
    ...echo('sse', 'echo over server-sent events, 50 connections, depth 1', 50, SHORT, 1),
    transport: 'serverSentEvents',
    quick: true,
  },
  {
    ...broadcast('sse-broadcast', 'broadcast to 300 over server-sent events, one at a time', 300, SHORT, 1),
    transport: 'serverSentEvents',
  },
  { ...echo('longpolling', 'echo over long polling, 50 connections, depth 1', 50, SHORT, 1), transport: 'longPolling' },
  {
    ...overWebSockets,
    name: 'ask',
    title: 'client results, 50 connections, depth 1',
    unit: 'answer',
    connections: 50,
    work: { kind: 'ask', size: SHORT },
  },
  { ...echo('telemetry', 'echo with telemetry, 100 connections, depth 1', 100, SHORT, 1), telemetry: true },
  { ...echo('telemetry16', 'echo with telemetry, 50 connections, depth 16', 50, SHORT, 16), telemetry: true },
  ...serviceScenarios,
];

export function scenarioNamed(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name);
}

/** Whether a system can do what a scenario is about. */
export function canRun({ name, work, http, only, farm, stateful = false }: System, scenario: Scenario): boolean {
  if (scenario.farm === true && farm === undefined) return false;
  if (scenario.transport === 'statefulWebSockets' && !stateful) return false;
  if (only !== undefined && scenario[only] !== true) return false;
  if (only !== 'service' && only !== 'metering' && scenario.peers?.includes(name) === false) return false;
  if (scenario.telemetry === true && !name.startsWith('signalbox')) return false;
  return work.has(scenario.work.kind) && (scenario.transport === 'webSockets' || http);
}

/** The systems that every other one is shown as a ratio to. */
export function yardsticksOf({ service }: Scenario): readonly SystemName[] {
  return service === true ? ['ws', 'signalbox'] : ['ws', 'kestrel'];
}
