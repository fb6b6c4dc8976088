import type { LogEvent } from '../base/log.ts';

/** What the service has to say to operators. */
export const serviceEvents = {
  serverConnected: {
    id: 'service.server-connected',
    level: 'info',
    name: 'ServerConnected',
    text: "App server '{serverId}' connected for the hub '{hub}'.",
    about: 'One of its server connections; the field `kind` says whether it is a default, an on-demand or a weak one.',
  },
  serverGone: {
    id: 'service.server-gone',
    level: 'info',
    name: 'ServerDisconnected',
    text: "A server connection of '{serverId}' for the hub '{hub}' has ended.",
    about: 'The field `clients` says how many clients it served: they are closed and may come back.',
  },
  serverRefused: {
    id: 'service.server-refused',
    level: 'warn',
    name: 'ServerHandshakeFailed',
    text: "A server connection of '{serverId}' was refused: {reason}",
    about: 'It did not shake hands as the service protocol says.',
  },
  serverSilent: {
    id: 'service.server-silent',
    level: 'warn',
    name: 'ServerTimeout',
    text: "A server connection of '{serverId}' was silent for {timeout} ms, and is given up.",
    about: 'The time is `serverTimeout`.',
  },
  serverLeaving: {
    id: 'service.server-leaving',
    level: 'info',
    name: 'ServerLeaving',
    text: "App server '{serverId}' is about to leave the hub '{hub}' ({mode}).",
    about: 'It shuts down gracefully, and gets no new clients. The mode is what becomes of those it has.',
  },
  streamBroken: {
    id: 'service.stream-broken',
    level: 'warn',
    name: 'ServerStreamBroken',
    text: "The stream of a server connection of '{serverId}' is broken; it is closed.",
    about: 'What came is no message of the service protocol, or a larger one than `maximumServerMessageSize`.',
  },
  malformed: {
    id: 'service.malformed-message',
    level: 'warn',
    name: 'MalformedServiceMessage',
    text: "A message of '{serverId}' is malformed, and left out.",
    about: 'After `maximumMalformedMessages` of them the server connection is closed.',
  },
  clientRefused: {
    id: 'service.client-refused',
    level: 'debug',
    name: 'ClientRefused',
    text: "A client of the hub '{hub}' was refused: {reason}",
    about: 'Its handshake failed.',
  },
  noServer: {
    id: 'service.no-server',
    level: 'warn',
    name: 'NoServer',
    text: "No app server is connected for the hub '{hub}', or not the one that a client has to have.",
    about: 'The client is refused. Its app server may have gone since it negotiated.',
  },
  heldTooMuch: {
    id: 'service.held-too-much',
    level: 'warn',
    name: 'HeldTooMuch',
    text: "More than {limit} bytes waited for a client of the hub '{hub}' before its app server answered the handshake.",
    about: 'The client is closed. The limit is `maximumHeldBytes`.',
  },
  tooManyGroups: {
    id: 'service.too-many-groups',
    level: 'warn',
    name: 'TooManyGroups',
    text: "A connection of the hub '{hub}' is to be in more than {limit} groups, which is refused.",
    about: 'The limit is `maximumGroupsPerConnection`, or `maximumUserGroups`.',
  },
  resultRefused: {
    id: 'service.result-refused',
    level: 'warn',
    name: 'ClientResultRefused',
    text: "A client result of the hub '{hub}' was refused: {reason}",
    about: 'The app server that asked is told.',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
