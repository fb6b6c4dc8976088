import type { ServiceMessage } from '../protocol/service/messages.ts';
import type { ServerLink } from './server-link.ts';
import type { LeavingMode } from './server-pings.ts';

/** The other nodes of the service, as one hub of this node sees them. A service without a bus has none. */
export interface OtherNodes {
  /** Clients of the hub that are there. */
  readonly clients: number;
  /** Whether something is still to be told them. */
  readonly busy: boolean;
  /** Resolves when clients of the hub may be let in here; undefined where they may. */
  listen(): Promise<void> | undefined;
  /** A client has come or gone here. */
  counted(): void;
  /** An app server's connection to this node is ready. */
  linked(link: ServerLink): void;
  unlinked(link: ServerLink): void;
  leaving(link: ServerLink, mode: LeavingMode): void;
  /** It takes more again. */
  drained(link: ServerLink): void;
  /**
   * Does what an app server of this node said, where other nodes have a part in it; what is to be done here, too, and answers are sent when
   * they are there. False, and nothing done, where it concerns this node alone.
   */
  take(message: ServiceMessage, from: ServerLink): boolean;
  /** The hub is given up: this node does not listen any more to what is for its clients. */
  close(): void;
}

/** Makes the other nodes of each hub. */
export type NodesOf<Hub> = (hub: Hub) => OtherNodes;
