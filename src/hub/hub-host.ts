import type { Backplane } from '../backplane/backplane.ts';
import type { Log } from '../base/log.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { SharedMessage } from '../protocol/hub/shared-message.ts';
import type { HubTelemetry } from '../telemetry/telemetry.ts';
import type { DefinedHub } from './define-hub.ts';
import type { HubFilter } from './filter.ts';
import type { CallerClients, CallerGroups } from './targets.ts';

/** A connection as its hub keeps it. */
export interface HostedConnection {
  /** Tells the client that the connection ends, and ends it. */
  end(error: Error | undefined, allowReconnect: boolean): void;
}

/** A running hub, as its connections see it. */
export interface HubHost {
  readonly name: string;
  readonly definition: DefinedHub;
  /** The host's filters, then the hub's. */
  readonly filters: readonly HubFilter<unknown>[];
  readonly protocols: readonly HubProtocol[];
  readonly backplane: Backplane;
  readonly wheel: TimerWheel;
  readonly log: Log;
  /** Undefined where nobody wants to hear of it. */
  readonly telemetry: HubTelemetry | undefined;
  /** For every connection alike: encoded once in each protocol, for as long as the hub runs. */
  readonly ping: SharedMessage;
  userIdOf(user: unknown): string | undefined;
  clientsFor(connectionId: string): CallerClients<unknown>;
  groupsFor(connectionId: string): CallerGroups;
  /** The farewell of a connection is over. */
  gone(connection: HostedConnection): void;
}
