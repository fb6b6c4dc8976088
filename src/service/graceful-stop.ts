import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { ServiceEventKind, ServiceEventObject } from '../protocol/service/codes.ts';
import { PingKey } from '../protocol/service/ping.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import type { CloseSettings } from './close-options.ts';
import { serviceEvents } from './log-events.ts';
import type { ServerLink } from './server-link.ts';
import type { ServiceHub } from './service-hub.ts';

/** Milliseconds between two lots of clients that are told to come back. */
const LOT = 100;
/** Clients that may come back in a millisecond without anybody minding. */
const UNNOTICED = 0.2;
/** What is left of the time for app servers, when clients have used up theirs: a part, and milliseconds at most. */
const LAST_PART = 1 / 8;
const LAST_TIME = 1_000;
/** The part of the time in which every client is told, whatever is asked for. */
const LONGEST_SPREAD = 3 / 4;

const LEAVING = 'This instance of the service stops. Its clients are told to come back.';

/** What is to be stopped. */
export interface StoppingNode {
  readonly instanceId: string;
  readonly wheel: TimerWheel;
  readonly log: Log;
  readonly hubs: ReadonlyMap<string, ServiceHub>;
  readonly clients: Endpoint;
  readonly servers: Endpoint;
  /** Ends every server connection. */
  endServers(): void;
}

/**
 * Has everybody take their leave, app servers last: as long as a client is there, its app server hears of its end, and can still answer it. So
 * they are told that the instance is gone (`offline`) when it has no clients any more. Sooner, the official SDK would end them all at once, fail
 * the client results that they still owe, and have no answer for what they have called.
 */
export class GracefulStop {
  readonly #node: StoppingNode;
  readonly #settings: CloseSettings;
  readonly #deadline: number;

  constructor(node: StoppingNode, settings: CloseSettings) {
    this.#node = node;
    this.#settings = settings;
    this.#deadline = node.wheel.now() + settings.timeout;
  }

  /** Resolves when nobody is left, or the time is over. */
  async run(): Promise<void> {
    const { clients, servers } = this.#node;
    const { timeout } = this.#settings;
    const last = this.#deadline - Math.min(LAST_TIME, timeout * LAST_PART);
    this.#announce();
    await this.#dismissClients();
    await this.#until(clients.close(), last);
    await this.#othersMove(last);
    for (const hub of this.#node.hubs.values()) hub.close();
    this.#tellServers(writeServiceMessage({ type: 'ping', entries: [PingKey.offline, this.#node.instanceId] }));
    this.#node.endServers();
    await this.#until(servers.close(), this.#deadline);
  }

  #announce(): void {
    const { hubs, instanceId: objectId, log } = this.#node;
    const { timeout } = this.#settings;
    const links = this.#links();
    const clients = sizeOf(hubs.values());
    // Where nobody is, nobody is waited for.
    if (clients + links.length > 0) log(serviceEvents.stopping, { clients, serverConnections: links.length, timeout });
    const { serviceInstance: objectType } = ServiceEventObject;
    this.#tellServers(
      writeServiceMessage({ type: 'serviceEvent', objectType, objectId, kind: ServiceEventKind.reloading, message: LEAVING }),
    );
    // Clients of other nodes can have another app server without noticing; those of this one have to go in any case.
    for (const [hub, link] of links) hub.nodes?.leaving(link, 'migrateClients');
  }

  async #dismissClients(): Promise<void> {
    const { wheel } = this.#node;
    const { timeout, closeSpread } = this.#settings;
    const begun = wheel.now();
    const end = begun + Math.min(closeSpread, timeout * LONGEST_SPREAD);
    let before = begun - LOT;
    for (;;) {
      const now = wheel.now();
      if (this.#dismiss(now - before, Math.max(0, end - now)) === 0) return;
      before = now;
      await wheel.pause(LOT);
    }
  }

  /** Returns how many are left. */
  #dismiss(passed: number, left: number): number {
    const hubs = [...this.#node.hubs.values()];
    const clients = sizeOf(hubs);
    let lot = left === 0 ? clients : Math.ceil(Math.max(passed * UNNOTICED, (clients * passed) / (passed + left)));
    for (const hub of hubs) lot -= hub.dismiss(lot);
    return sizeOf(hubs);
  }

  /** Waits for clients of other nodes that are about to get another app server. */
  async #othersMove(end: number): Promise<void> {
    const { wheel } = this.#node;
    while (wheel.now() < end && this.#links().some(([hub, link]) => link.elsewhere > 0 && hasOther(hub, link))) await wheel.pause(LOT);
  }

  #tellServers(message: Buffer): void {
    for (const [, link] of this.#links()) link.tell(message);
  }

  /** The server connections of this node. */
  #links(): readonly (readonly [ServiceHub, ServerLink])[] {
    return [...this.#node.hubs.values()].flatMap((hub) =>
      [...hub.links].filter(({ remote }) => !remote).map((link) => [hub, link] as const),
    );
  }

  #until(ended: Promise<void>, time: number): Promise<void> {
    const { wheel } = this.#node;
    return Promise.race([ended, wheel.pause(Math.max(0, time - wheel.now()))]);
  }
}

const sizeOf = (hubs: Iterable<ServiceHub>): number => [...hubs].reduce((sum, { clients }) => sum + clients.size, 0);

/** Whether clients of an app server may be given to one of another node. */
function hasOther({ links }: ServiceHub, { traits: { serverId, migrates } }: ServerLink): boolean {
  return migrates && [...links].some((link) => link.remote && link.available && link.traits.serverId !== serverId);
}
