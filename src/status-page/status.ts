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
  /** Sorted by name. */
  readonly hubs: readonly HubStatus[];
}

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
