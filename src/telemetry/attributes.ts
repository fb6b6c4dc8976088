import { closeCategories } from '../metering/close-category.ts';

/** What tells the series of an instrument apart. Each has a handful of values, or as many as the program has hubs and methods. */
export const attributes = {
  'signalr.transport': '`web_sockets`, `server_sent_events`, `long_polling`',
  'signalr.connection.status':
    '`normal_closure`, `timeout` (the client stopped polling, or did not come back to a lost WebSocket), `app_shutdown` (the host closes); errors are normal closures, as in the reference server',
  'signalr.negotiation.status': '`answered`, `refused`, `abandoned` (answered, and no transport followed in time)',
  'signalr.slow_client.reason': '`queue_limit` (more than `maximumQueuedBytes` waited), `send_timeout` (`transportSendTimeout` passed)',
  'signalr.invocation.status':
    '`ok`; `error`: the method failed, if with a `HubError`; `refused`: no such method, not allowed, or wrong arguments; `canceled`: the client wanted no more of it, or left',
  'signalr.client_result.status': '`ok`; `error`: the client failed, or its answer was not valid; `timeout`; `disconnected`',
  'signalr.stream.direction': '`to_client`, `from_client`',
  'rpc.service': "the hub's name; the path of a hub without a name, and of a raw connection",
  'rpc.method': 'the method as the hub declares it; `unknown` for all that it does not declare',
} as const;

/** What tells the series of the service's instruments apart. Hubs past the most that the service tells apart share one name. */
export const serviceAttributes = {
  Endpoint: '`Client`, `Server`',
  ConnectionCloseCategory: closeCategories.map((category) => `\`${category}\``).join(', '),
  'signalr.hub': "the hub's name; `(other)` for all beyond the most that are told apart",
  'signalr.endpoint': '`client`, `server`',
  'signalr.direction': '`from_client`, `to_client`, `from_server`, `to_server`',
  'signalr.close.category': 'as ConnectionCloseCategory',
  'signalr.fault': '`user`, `system`',
} as const;

export type AttributeName = keyof typeof attributes | keyof typeof serviceAttributes;
