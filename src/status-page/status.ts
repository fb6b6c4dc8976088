import type { HistoryPoint } from '../metering/history-point.ts';

/* What the status page shows: plain data, made anew at each call. Times are milliseconds since 1970. */

export interface ServiceStatus {
  /** Of the package. */
  readonly version: string;
  readonly startedAt: number;
  /** The id of this node. */
  readonly node: string;
  /** Client connections. */
  readonly clients: number;
  readonly serverConnections: number;
  /** Since the start. */
  readonly traffic: Traffic;
  /** With app servers, since the start: bytes from them and to them. */
  readonly serverTraffic: Pick<Traffic, 'bytesIn' | 'bytesOut'>;
  /** Billed messages since the start, to clients and app servers. */
  readonly billed: number;
  readonly load: LoadStatus;
  /** Clients whose connections ended since the start, by why; without those of which there were none. */
  readonly closed: HistoryPoint['closed'];
  /** Sorted by name. */
  readonly hubs: readonly HubStatus[];
}

/** Over the last minute: percent, and milliseconds through the service by percentile. */
export type LoadStatus = Pick<HistoryPoint, 'serverLoad' | 'latency' | 'userErrors' | 'systemErrors'>;

/** `In` is from clients, `Out` to clients. */
export interface Traffic {
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface HubStatus {
  readonly name: string;
  readonly clients: number;
  readonly groups: number;
  readonly users: number;
  readonly traffic: Traffic;
  /** Billed messages since the start. */
  readonly billed: number;
  readonly appServers: readonly AppServerStatus[];
}

export interface AppServerStatus {
  /** What it calls itself (`X-ASRS-Server-Id`). */
  readonly id: string;
  /** Its SDK with the version (`Asrs-User-Agent`). */
  readonly userAgent: string;
  readonly clients: number;
  /** Whether it has said that it shuts down. */
  readonly leaving: boolean;
  readonly connections: readonly ServerConnectionStatus[];
}

export interface ServerConnectionStatus {
  readonly id: string;
  readonly kind: 'default' | 'onDemand' | 'weak';
  readonly clients: number;
  readonly connectedAt: number;
}
