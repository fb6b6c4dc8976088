import { closeCategories } from './close-category.ts';
import { busiest } from './folded-point.ts';
import type { HistoryPoint } from './history-point.ts';
import { closesOf } from './hub-counts.ts';
import type { HubMeter } from './hub-meter.ts';
import type { LoadReading } from './load-reading.ts';
import type { ConnectionCounts, Meter } from './meter.ts';

/** What a point sums over the hubs. */
interface Totals {
  billed: number;
  messagesFromClients: number;
  messagesToClients: number;
  bytesIn: number;
  bytesOut: number;
  readonly closed: Float64Array;
}

/** What is counted from one point of the history to the next. */
export class Minute {
  readonly #meter: Meter;
  #before: Totals = noTotals();
  #billedBefore: ReadonlyMap<string, number> = new Map();
  #clients = 0;
  #servers = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Counts in the highest numbers of connections. */
  raise({ clients, servers }: ConnectionCounts): void {
    this.#clients = Math.max(this.#clients, clients);
    this.#servers = Math.max(this.#servers, servers);
  }

  /** Whether anything was counted since the last point, or anybody is here. */
  get isEmpty(): boolean {
    const { closed, ...sums } = this.#totals();
    const { closed: closedBefore, ...before } = this.#before;
    const isSame = Object.entries(sums).every(([name, sum]) => sum === before[name as keyof typeof before]);
    return isSame && this.#clients === 0 && this.#servers === 0 && closed.every((count, at) => count === closedBefore[at]);
  }

  /** Ends it, and begins the next one. */
  end(at: number, load: LoadReading): HistoryPoint {
    const totals = this.#totals();
    const before = this.#before;
    const billed = new Map([...this.#meter.hubs].map(([name, hub]) => [name, hub.billed]));
    const { serverLoad, latency, userErrors, systemErrors } = load;
    const point: HistoryPoint = {
      at,
      clients: this.#clients,
      servers: this.#servers,
      billed: totals.billed - before.billed,
      messagesFromClients: totals.messagesFromClients - before.messagesFromClients,
      messagesToClients: totals.messagesToClients - before.messagesToClients,
      bytesIn: totals.bytesIn - before.bytesIn,
      bytesOut: totals.bytesOut - before.bytesOut,
      latency,
      serverLoad,
      userErrors,
      systemErrors,
      closed: closesOf(totals.closed.map((count, index) => count - (before.closed[index] as number))),
      hubs: busiest([...billed].map(([name, count]) => [name, count - (this.#billedBefore.get(name) ?? 0)])),
    };
    this.#before = totals;
    this.#billedBefore = billed;
    const { clients, servers } = this.#meter.connections;
    this.#clients = clients;
    this.#servers = servers;
    return point;
  }

  #totals(): Totals {
    const totals = noTotals();
    for (const hub of this.#meter.hubs.values()) addHub(totals, hub);
    return totals;
  }
}

function noTotals(): Totals {
  const closed = new Float64Array(closeCategories.length);
  return { billed: 0, messagesFromClients: 0, messagesToClients: 0, bytesIn: 0, bytesOut: 0, closed };
}

function addHub(totals: Totals, hub: HubMeter): void {
  totals.billed += hub.billed;
  totals.messagesFromClients += hub.messagesFromClients;
  totals.messagesToClients += hub.messagesToClients;
  totals.bytesIn += hub.bytesFromClients + hub.bytesFromServers;
  totals.bytesOut += hub.bytesToClients + hub.bytesToServers;
  for (const [at, ended] of hub.closed.Client.entries()) totals.closed[at] = (totals.closed[at] as number) + ended;
}
