import type { AppServerStatus, HubStatus, ServerConnectionStatus, ServiceStatus } from '../../src/status-page/status.ts';

export const SDK = 'Microsoft.Azure.SignalR/1.34.0-rtm+9c449f38 (.NET 10.0.12; Debian GNU/Linux 12 (bookworm); X64)';

/** Names as hostile peers choose them. */
export const MARKUP = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>';

const STARTED = 1_790_000_000_000;

export function connections(...kinds: readonly ServerConnectionStatus['kind'][]): readonly ServerConnectionStatus[] {
  return kinds.map((kind, index) => ({ id: `connection-${index}`, kind, clients: 3, connectedAt: STARTED + 1000 }));
}

export function sampleAppServer(changes: Partial<AppServerStatus> = {}): AppServerStatus {
  return {
    id: 'web-1_3ef290d732934ee181d7da51c0f093a6',
    userAgent: SDK,
    clients: 12,
    leaving: false,
    connections: connections('default', 'default', 'default', 'default', 'default'),
    ...changes,
  };
}

export function sampleHub(changes: Partial<HubStatus> = {}): HubStatus {
  return {
    name: 'chathub',
    clients: 24,
    groups: 3,
    users: 20,
    traffic: { messagesIn: 1200, messagesOut: 28_800, bytesIn: 96_000, bytesOut: 2_304_000 },
    billed: 30_000,
    appServers: [sampleAppServer()],
    ...changes,
  };
}

export function sampleStatus(changes: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    version: '0.1.0',
    startedAt: STARTED,
    node: 'c2a51f0be3',
    clients: 24,
    serverConnections: 5,
    traffic: { messagesIn: 1200, messagesOut: 28_800, bytesIn: 96_000, bytesOut: 2_304_000 },
    serverTraffic: { bytesIn: 2_400_000, bytesOut: 120_000 },
    billed: 30_000,
    load: { serverLoad: 12.5, latency: { p50: 0.42, p99: 3.1 }, userErrors: 0.5, systemErrors: 0 },
    closed: { Normal: 310, PingTimeout: 12 },
    hubs: [sampleHub()],
    ...changes,
  };
}

const nothing = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };

/** Of a service that nobody has found yet. */
export const emptyStatus: ServiceStatus = sampleStatus({
  clients: 0,
  serverConnections: 0,
  traffic: nothing,
  serverTraffic: nothing,
  billed: 0,
  load: { serverLoad: 0.1, latency: null, userErrors: 0, systemErrors: 0 },
  closed: {},
  hubs: [],
});
