import type { ServiceMessage, ServiceMessageOf } from '../protocol/service/messages.ts';
import type { Outcome } from './outcome.ts';
import type { ServerLink } from './server-link.ts';
import type { ServiceHub } from './service-hub.ts';
import { isVerb, run } from './verbs.ts';

/**
 * Does what an app server said, of whichever node, to the clients of this one. Those requests that are acknowledged have an outcome.
 */
export function serveHere(message: ServiceMessage, hub: ServiceHub, link: ServerLink): Outcome | undefined {
  if (isVerb(message)) return run(hub, message);
  if (message.type === 'connectionData') relay(message, hub, link);
  else if (message.type === 'closeConnection') close(message, hub, link);
  else if (message.type === 'clientInvocation') hub.results.ask(message, link);
  else if (message.type === 'clientCompletion' || message.type === 'errorCompletion') hub.results.complete(message, link);
  // Of the rest, an app server says that it has paused, as it was told to, which changes nothing here; or what only the service has to say.
  return undefined;
}

function relay({ connectionId, payload, extension }: ServiceMessageOf<'connectionData'>, hub: ServiceHub, link: ServerLink): void {
  const client = hub.clients.get(connectionId);
  // What comes late, of an app server that the client had before, is not for it any more.
  if (client?.link?.traits.serverId !== link.traits.serverId) return;
  client.relayBack(payload, extension.dataType || undefined);
}

/** The app server of a client ends it after it has told the client why; what only sends, a weak connection, leaves that to the service. */
function close({ connectionId, error }: ServiceMessageOf<'closeConnection'>, hub: ServiceHub, link: ServerLink): void {
  const client = hub.clients.get(connectionId);
  if (client?.link?.traits.serverId === link.traits.serverId) client.closedByServer();
  else if (link.traits.kind === 'weak') client?.end(error === '' ? undefined : error, true, 'ClosedByAppServer');
}
