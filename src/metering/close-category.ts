/** Why connections end, by the names that the Azure SignalR Service publishes them under (`ConnectionCloseCategory`). */
export const closeCategories = [
  'Normal',
  'Throttled',
  'PingTimeout',
  'NoAvailableServerConnection',
  'InvokeUpstreamFailed',
  'SlowClient',
  'HandshakeError',
  'ServerConnectionNotFound',
  'ServerConnectionClosed',
  'ServiceTransientError',
  'BadRequest',
  'ClosedByAppServer',
  'ServiceReload',
  'ServiceModeSwitched',
  'Unauthorized',
] as const;

export type CloseCategory = (typeof closeCategories)[number];

/** Whose connections they are, as published (`Endpoint`). */
export type MeteredEndpoint = 'Client' | 'Server';
