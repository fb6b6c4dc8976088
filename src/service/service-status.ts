import { closeCategories } from '../metering/close-category.ts';
import { closesOf } from '../metering/hub-counts.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import type { AppServerStatus, HubStatus, ServiceStatus, Traffic } from '../status-page/status.ts';
import type { ServerLink } from './server-link.ts';
import type { ServiceHub } from './service-hub.ts';

/** What a hub looks like at the moment. */
export function hubStatus({ name, clients, links, meter }: ServiceHub): HubStatus {
  // Hubs past the limit are counted as one, and what that has is none of theirs.
  const own = meter.name === name ? [meter] : [];
  return {
    name,
    clients: clients.size,
    groups: clients.groups,
    users: clients.users,
    traffic: sumOf(own),
    billed: own[0]?.billed ?? 0,
    appServers: links.serverIds.map((id) => appServerStatus(id, [...(links.ofServer(id) ?? [])])),
  };
}

function appServerStatus(id: string, links: readonly ServerLink[]): AppServerStatus {
  return {
    id,
    userAgent: links[0]?.traits.userAgent ?? '',
    clients: links.reduce((sum, link) => sum + link.load, 0),
    // It says so on each of its connections, one after the other.
    leaving: links.some(({ leaving }) => leaving),
    connections: links.map((link) => ({
      id: link.traits.id,
      kind: link.traits.kind,
      clients: link.load,
      connectedAt: link.traits.connectedAt,
    })),
  };
}

/** What went over several hubs, or a copy of what went over one. */
function sumOf(meters: readonly HubMeter[]): Traffic {
  const sum = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  for (const { messagesFromClients, messagesToClients, bytesFromClients, bytesToClients } of meters) {
    sum.messagesIn += messagesFromClients;
    sum.messagesOut += messagesToClients;
    sum.bytesIn += bytesFromClients;
    sum.bytesOut += bytesToClients;
  }
  return sum;
}

/** What was counted over all hubs. */
export function countsOf(meters: readonly HubMeter[]): Pick<ServiceStatus, 'billed' | 'closed' | 'serverTraffic' | 'traffic'> {
  const total = (read: (meter: HubMeter) => number): number => meters.reduce((sum, meter) => sum + read(meter), 0);
  return {
    traffic: sumOf(meters),
    serverTraffic: { bytesIn: total((meter) => meter.bytesFromServers), bytesOut: total((meter) => meter.bytesToServers) },
    billed: total((meter) => meter.billed),
    closed: closesOf(Float64Array.from(closeCategories, (_, index) => total((meter) => meter.closed.Client[index] ?? 0))),
  };
}
