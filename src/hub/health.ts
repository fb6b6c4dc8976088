import type { BackplaneFigures } from '../backplane/figures.ts';
import type { DescriptorState } from '../transport/descriptors.ts';
import type { BackplaneState } from '../backplane/backplane.ts';

/**
 * `healthy`: it takes new clients. `degraded`: it works and should get no new ones, because it closes, a backplane is down or file descriptors run out.
 * `unhealthy`: it has closed, and serves nobody any more.
 */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** A hub of a host. */
export interface HubHealth {
  readonly name: string;
  /** Its clients on this server. */
  readonly connections: number;
  /** Undefined where the backplane does not say. */
  readonly backplane?: BackplaneState;
  /** How it does, where it says. */
  readonly figures?: BackplaneFigures;
}

/** How a host is. */
export interface Health {
  readonly status: HealthStatus;
  /** Why it is not healthy, in sentences; empty where it is. */
  readonly reasons: readonly string[];
  /** All connections, raw ones and those that have negotiated and not connected yet included. */
  readonly connections: number;
  /** How the process stands with file descriptors. */
  readonly descriptors: DescriptorState;
  /** Whether `close` was called. */
  readonly closing: boolean;
  readonly hubs: readonly HubHealth[];
  /** How the host stands with its service, where it is connected to one. */
  readonly service?: BackplaneState;
}

/** What health is judged by. */
export interface Vitals {
  readonly hubs: readonly HubHealth[];
  readonly connections: number;
  readonly descriptors: DescriptorState;
  readonly closing: boolean;
  readonly closed: boolean;
  readonly service?: BackplaneState | undefined;
}

export function healthOf({ hubs, connections, descriptors, closing, closed, service }: Vitals): Health {
  const down = hubs.filter(({ backplane }) => backplane === 'down');
  const reasons = down.map(({ name }) => `The ${service === undefined ? 'backplane' : 'service'} of the hub '${name}' is down.`);
  if (service === 'connecting') reasons.push('The host has no connection to its service yet.');
  if (descriptors.state === 'short') {
    reasons.push(`The process has ${descriptors.open} of ${descriptors.limit} file descriptors open and refuses new connections.`);
  }
  if (closed) reasons.push('The host has closed.');
  else if (closing) reasons.push('The host is closing.');
  const status = closed ? 'unhealthy' : reasons.length > 0 ? 'degraded' : 'healthy';
  return { status, reasons, connections, descriptors, closing, hubs, ...(service && { service }) };
}
