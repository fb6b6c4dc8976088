import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubMeter } from '../metering/hub-meter.ts';
import type { HubNames } from '../metering/name-counts.ts';
import type { ClientIdentity } from './client-identity.ts';
import type { MessageLimits } from './message-limits.ts';
import type { ServiceSettings } from './options.ts';
import type { ServerLink } from './server-link.ts';

/** What a client needs of its hub. */
export interface ClientHost<Client> {
  readonly name: string;
  /** Of this node. */
  readonly instanceId: string;
  readonly settings: ServiceSettings;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Bytes that may wait for one client; Infinity where only its endpoint limits them. */
  readonly maximumQueuedBytes: number;
  readonly meter: HubMeter;
  /** Undefined where nothing is counted by name. */
  readonly names: HubNames | undefined;
  /** Undefined where nothing of what clients send is limited. */
  readonly messageLimits: MessageLimits | undefined;
  /**
   * The server connection for a client; undefined where there is none.
   *
   * @param stateful - whether it has to allow that the client comes back by another socket
   */
  choose(identity: ClientIdentity, stateful: boolean): ServerLink | undefined;
  /** A client came, and is not let in yet. `left` is to follow. */
  came(): void;
  /** A client is bound to an app server: it can be sent to. */
  entered(client: Client, link: ServerLink): void;
  left(client: Client): void;
  /** A server connection of another app server, for a client that has to move; undefined where there is none. */
  another(client: Client): ServerLink | undefined;
  /** A client has moved to another app server. */
  moved(client: Client, link: ServerLink): void;
  /** Whether a client's app server waits for a client result of it, or has one to pass on. */
  owes(client: Client): boolean;
  /** A client has sent its app server a completion. */
  answering(client: Client, invocationId: string): void;
}
