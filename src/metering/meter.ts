import type { MeteredEndpoint } from './close-category.ts';
import { HubMeter, type ConnectionTally } from './hub-meter.ts';
import { Latency } from './latency.ts';
import { OTHER, type HubNames } from './name-counts.ts';

/** Connections at one time. */
export interface ConnectionCounts {
  readonly clients: number;
  readonly servers: number;
  /** Clients and server connections together, as the quota counts them: at its highest, that need not be the sum of the others' highest. */
  readonly connections: number;
  readonly appServers: number;
}

/** The higher one of each. */
export function highest(a: ConnectionCounts, b: ConnectionCounts): ConnectionCounts {
  return {
    clients: Math.max(a.clients, b.clients),
    servers: Math.max(a.servers, b.servers),
    connections: Math.max(a.connections, b.connections),
    appServers: Math.max(a.appServers, b.appServers),
  };
}

/** What is counted of a service on this node, hub by hub. */
export class Meter implements ConnectionTally {
  /** Of all hubs. */
  readonly latency: Latency;
  readonly #hubs = new Map<string, HubMeter>();
  readonly #maximumHubs: number;
  readonly #namesOf: () => HubNames | undefined;
  readonly #appServers = new Map<string, number>();
  #clients = 0;
  #servers = 0;
  #peaks: ConnectionCounts = { clients: 0, servers: 0, connections: 0, appServers: 0 };

  /**
   * @param maximumHubs - hubs that are told apart; any more are counted as one
   * @param now - milliseconds on the clock by which connections say when they were read
   * @param namesOf - makes what is counted of one hub by name; undefined where nothing is
   */
  constructor(maximumHubs: number, now: () => number = () => performance.now(), namesOf: () => HubNames | undefined = () => undefined) {
    this.#maximumHubs = maximumHubs;
    this.#namesOf = namesOf;
    this.latency = new Latency(now);
  }

  /** By name, the hubs that were counted. */
  get hubs(): ReadonlyMap<string, HubMeter> {
    return this.#hubs;
  }

  hub(name: string): HubMeter {
    const known = this.#hubs.get(name);
    if (known !== undefined) return known;
    if (this.#hubs.size >= this.#maximumHubs && name !== OTHER) return this.hub(OTHER);
    const hub = new HubMeter(name, this, this.latency.hub(name), this.#namesOf());
    this.#hubs.set(name, hub);
    return hub;
  }

  /** At the moment. */
  get connections(): ConnectionCounts {
    const { size: appServers } = this.#appServers;
    return { clients: this.#clients, servers: this.#servers, connections: this.#clients + this.#servers, appServers };
  }

  /** The highest of each since the last call. */
  takePeaks(): ConnectionCounts {
    const peaks = this.#peaks;
    this.#peaks = this.connections;
    return peaks;
  }

  /** An app server has one more server connection, for whatever hub. */
  serverCame(serverId: string): void {
    this.#appServers.set(serverId, (this.#appServers.get(serverId) ?? 0) + 1);
    this.#raise();
  }

  serverLeft(serverId: string): void {
    const left = (this.#appServers.get(serverId) ?? 1) - 1;
    if (left === 0) this.#appServers.delete(serverId);
    else this.#appServers.set(serverId, left);
  }

  // ConnectionTally

  changed(endpoint: MeteredEndpoint, by: 1 | -1): void {
    if (endpoint === 'Client') this.#clients += by;
    else this.#servers += by;
    if (by > 0) this.#raise();
  }

  #raise(): void {
    this.#peaks = highest(this.#peaks, this.connections);
  }
}
