/** What a server connection is for. */
export const ServerConnectionType = {
  /** Always there, and may carry clients. */
  default: 0,
  /** Opened because the service asked for one more; may be refused. */
  onDemand: 1,
  /** Sends, and never carries clients. */
  weak: 2,
} as const;

/** Whether clients may be moved to another app server when theirs leaves. */
export const MigrationLevel = { off: 0, shutdown: 1, any: 2 } as const;

/** How a request ended. */
export const AckStatus = { ok: 1, notFound: 2, timeout: 3, internalServerError: 4, forbidden: 5 } as const;

/** What an app server sends to a client, so that the service need not look into it. */
export const DataType = {
  handshake: 1,
  /** Any hub message with an invocation id. */
  invocation: 2,
  other: 3,
  close: 4,
} as const;

/** What a service event is about. */
export const ServiceEventObject = { serviceInstance: 0, connection: 1, user: 2, group: 3, serverConnection: 4 } as const;

/** What happened to it. */
export const ServiceEventKind = { reloading: 0, invalid: 1, notExisted: 2, bufferFull: 3 } as const;

/** Which end flow control is about. */
export const FlowControlTarget = { client: 1, server: 2 } as const;

export const FlowControlOperation = {
  /** Send nothing for the client any more. */
  pause: 1,
  /** Nothing more comes. */
  pauseAck: 2,
  /** Go on, on the server connection that this comes on. */
  resume: 3,
  /** Send nothing on this server connection any more. */
  offline: 4,
} as const;
