import type { HubLatency } from './latency.ts';
import { closeCategories, type CloseCategory, type MeteredEndpoint } from './close-category.ts';
import type { HubNames } from './name-counts.ts';

/** Sums that only grow, by name. Messages and bytes are hub messages with their framing, without that of WebSockets and HTTP. */
export const countNames = [
  /** Hub messages to clients, as they are billed: each in units of 2,048 bytes, without what is free. */
  'billedToClients',
  /** Hub messages to app servers, as they are billed. */
  'billedToServers',
  /** Hub messages of every kind. */
  'messagesFromClients',
  'messagesToClients',
  'bytesFromClients',
  'bytesToClients',
  /** With the framing of the service protocol. */
  'bytesFromServers',
  'bytesToServers',
  'clientsOpened',
  'serversOpened',
  /** What clients and app servers asked for: connections, messages, requests. */
  'operations',
  /** Operations that failed by their own fault. */
  'userErrors',
  /** Operations that failed by the service's. */
  'systemErrors',
] as const;

export type CountName = (typeof countNames)[number];

/** What was counted of a hub. */
export type Counts = Readonly<Record<CountName, number>>;

/** How many connections ended, by category, in the order of `closeCategories`. */
export type CloseCounts = Readonly<Record<MeteredEndpoint, Float64Array>>;

const indexOf = new Map(closeCategories.map((category, index) => [category, index]));

/** Told when connections come and go, whatever their hub. */
export interface ConnectionTally {
  changed(endpoint: MeteredEndpoint, by: 1 | -1): void;
}

/** What is counted of one hub since the meter began. Adding is all that it does: it is on the way of every message. */
export class HubMeter implements Record<CountName, number> {
  readonly name: string;
  billedToClients = 0;
  billedToServers = 0;
  messagesFromClients = 0;
  messagesToClients = 0;
  bytesFromClients = 0;
  bytesToClients = 0;
  bytesFromServers = 0;
  bytesToServers = 0;
  clientsOpened = 0;
  serversOpened = 0;
  operations = 0;
  userErrors = 0;
  systemErrors = 0;
  /** Connections at the moment. */
  clients = 0;
  servers = 0;
  readonly closed: CloseCounts = {
    Client: new Float64Array(closeCategories.length),
    Server: new Float64Array(closeCategories.length),
  };
  /** How long its messages take. */
  readonly latency: HubLatency;
  /** What was counted by name; undefined where nothing is. */
  readonly names: HubNames | undefined;
  readonly #tally: ConnectionTally;

  constructor(name: string, tally: ConnectionTally, latency: HubLatency, names?: HubNames) {
    this.name = name;
    this.names = names;
    this.#tally = tally;
    this.latency = latency;
  }

  /** Everything that is billed. */
  get billed(): number {
    return this.billedToClients + this.billedToServers;
  }

  opened(endpoint: MeteredEndpoint): void {
    this.operations++;
    if (endpoint === 'Client') {
      this.clients++;
      this.clientsOpened++;
    } else {
      this.servers++;
      this.serversOpened++;
    }
    this.#tally.changed(endpoint, 1);
  }

  /** Hub messages came from a client. */
  came(messages: number, billed: number): void {
    this.messagesFromClients += messages;
    this.operations += messages;
    this.billedToServers += billed;
  }

  ended(endpoint: MeteredEndpoint, category: CloseCategory): void {
    if (endpoint === 'Client') this.clients--;
    else this.servers--;
    this.#count(endpoint, category);
    this.#tally.changed(endpoint, -1);
  }

  /** A connection was turned away before it was one. */
  refused(endpoint: MeteredEndpoint, category: CloseCategory): void {
    this.operations++;
    this.userErrors++;
    this.#count(endpoint, category);
  }

  #count(endpoint: MeteredEndpoint, category: CloseCategory): void {
    const counts = this.closed[endpoint];
    const index = indexOf.get(category) as number;
    counts[index] = (counts[index] as number) + 1;
  }
}
