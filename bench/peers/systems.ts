import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Work } from '../load/plan.ts';
import { kestrelCommand } from './kestrel.ts';
import type { Command, PeerName, System, SystemName, TelemetrySystem } from './peer.ts';

const everything = new Set<Work['kind']>(['echo', 'broadcast', 'groups', 'stream', 'upload', 'ask', 'storm', 'idle']);
/** With what only scenarios of the service are about. */
const everythingOfService = new Set<Work['kind']>([...everything, 'toConnection']);

/** A server of Node's, of those compiled beside this file. */
function nodeServer(name: string, needs?: string, ...args: readonly string[]): () => Promise<Command | string> {
  return () => {
    const missing = needs === undefined ? undefined : whyMissing(needs);
    return Promise.resolve(missing ?? nodeCommand(name, ...args));
  };
}

function nodeCommand(name: string, ...args: readonly string[]): Command {
  return { file: execPath, args: [fileURLToPath(new URL(`servers/${name}.js`, import.meta.url)), ...args] };
}

function whyMissing(packageName: string): string | undefined {
  try {
    import.meta.resolve(packageName);
    return undefined;
  } catch {
    return `the package ${packageName} is not installed`;
  }
}

const signalbox: System = {
  name: 'signalbox',
  title: 'Signalbox',
  dialect: 'signalr-json',
  work: everythingOfService,
  http: true,
  stateful: true,
  numbered: true,
  farm: 'redis',
  command: nodeServer('signalbox', 'signalbox'),
};

function withTelemetry(name: TelemetrySystem, title: string): System {
  return { ...signalbox, name, title: `Signalbox, ${title}`, only: 'telemetry', command: nodeServer('signalbox', 'signalbox', name) };
}

/** What can be measured. Every table has them in this order. */
export const systems: readonly System[] = [
  signalbox,
  { ...signalbox, name: 'signalbox-apart', title: 'Signalbox, servers apart', farm: 'apart', only: 'farm' },
  {
    ...signalbox,
    name: 'signalbox-messagepack',
    title: 'Signalbox, MessagePack',
    dialect: 'signalr-messagepack',
    only: 'messagePack',
    stateful: false,
  },
  {
    ...signalbox,
    name: 'signalbox-service',
    title: 'Signalbox, service',
    only: 'service',
    http: false,
    stateful: false,
    command: () => Promise.resolve({ ...nodeCommand('service'), appServer: nodeCommand('app-server') }),
  },
  {
    ...signalbox,
    name: 'signalbox-service-unmetered',
    title: 'Signalbox, service without metering',
    only: 'metering',
    http: false,
    stateful: false,
    command: () => Promise.resolve({ ...nodeCommand('service', 'unmetered'), appServer: nodeCommand('app-server') }),
  },
  withTelemetry('signalbox-prometheus', 'metrics for Prometheus'),
  withTelemetry('signalbox-opentelemetry', 'metrics by OpenTelemetry'),
  withTelemetry('signalbox-durations', 'metrics with durations by OpenTelemetry'),
  withTelemetry('signalbox-traces', 'metrics and spans by OpenTelemetry'),
  {
    name: 'ws',
    title: 'bare ws',
    dialect: 'signalr-json',
    work: everythingOfService,
    http: false,
    numbered: true,
    command: nodeServer('ws', 'ws'),
  },
  {
    name: 'floor',
    title: 'node:net floor',
    dialect: 'signalr-json',
    work: new Set(['echo', 'storm', 'idle']),
    http: false,
    numbered: false,
    command: nodeServer('floor'),
  },
  {
    name: 'socket.io',
    title: 'Socket.IO',
    dialect: 'socket.io',
    work: new Set(['echo', 'broadcast', 'groups', 'ask', 'storm', 'idle']),
    http: false,
    numbered: true,
    farm: 'redis',
    command: nodeServer('socket-io', 'socket.io'),
  },
  {
    name: 'kestrel',
    title: 'Kestrel',
    dialect: 'signalr-json',
    work: everything,
    http: true,
    stateful: true,
    numbered: true,
    command: kestrelCommand,
  },
];

export const peerNames: readonly PeerName[] = ['ws', 'floor', 'socket.io', 'kestrel'];

export function titleOf(name: SystemName): string {
  return systems.find((system) => system.name === name)?.title ?? name;
}
