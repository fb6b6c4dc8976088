import { PingKey } from '../protocol/service/ping.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';
import type { ServiceSettings } from './options.ts';
import type { ServerLink } from './server-link.ts';
import type { ServerLinks } from './server-links.ts';

/** Milliseconds in which an app server that was asked for a connection is not asked again: it may have refused. */
const PATIENCE = 5_000;

/** What is needed to ask app servers for more connections. */
export interface DemandParts {
  readonly instanceId: string;
  readonly settings: ServiceSettings;
  readonly links: ServerLinks;
  readonly wheel: { now(): number };
}

/** Asks an app server for one more connection when each that it has serves many clients. */
export class ServerDemand {
  readonly #parts: DemandParts;
  /** When each app server was asked last. */
  readonly #asked = new Map<string, number>();

  constructor(parts: DemandParts) {
    this.#parts = parts;
  }

  /** A client, of any node, was bound to it. */
  loaded(link: ServerLink): void {
    const { clientsPerServerConnection: most, maximumServerConnections } = this.#parts.settings;
    if (most === null || link.load < most) return;
    const { serverId } = link.traits;
    const links = this.#parts.links.ofServer(serverId);
    if (links === undefined || links.size >= maximumServerConnections) return;
    for (const other of links) if (other.available && other.load < most) return;
    const now = this.#parts.wheel.now();
    if (now - (this.#asked.get(serverId) ?? Number.NEGATIVE_INFINITY) < PATIENCE) return;
    this.#asked.set(serverId, now);
    link.tell(writeServiceMessage({ type: 'ping', entries: [PingKey.target, this.#parts.instanceId] }));
  }

  /** An app server has one more. */
  linked({ traits }: ServerLink): void {
    if (traits.kind === 'onDemand') this.#asked.delete(traits.serverId);
  }

  /** An app server is gone. */
  left(serverId: string): void {
    this.#asked.delete(serverId);
  }
}
