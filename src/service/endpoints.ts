import type { AccessKeys } from '../authentication/access-keys.ts';
import { readOptions, type Given } from '../base/option-table.ts';
import { BadRequestError } from '../transport/admission.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import { Endpoint, type EndpointServices } from '../transport/endpoint.ts';
import { connectionOptions, type Authenticate, type ConnectionSettings, type EndpointOptions } from '../transport/options.ts';
import { pathOf } from '../transport/request-target.ts';
import type { Terms } from '../transport/terms.ts';
import { clientIdentity, type ClientIdentity } from './client-identity.ts';
import type { ServiceSettings } from './options.ts';
import { PIECE } from './client-uplink.ts';
import { serverIdentity } from './server-identity.ts';
import { NO_SERVER, type ServerLinks } from './server-links.ts';
import { hubName } from './token-audience.ts';

type Connections = Given<typeof connectionOptions>;

const known = (user: unknown): boolean => user !== undefined;

/** Where clients come to differs from a hub's endpoint in this, unless options say otherwise. */
const clientDefaults: Connections = {
  // Their pages are served by app servers, and it is a token that lets them in.
  allowedOrigins: () => true,
  closeOnAuthenticationExpiration: true,
  // Where an app server allows it, too.
  allowStatefulReconnects: true,
  maximumRequestBodySize: 1_048_576,
};

/** What is compressed can't be cut. */
const LARGEST_COMPRESSED = 16_777_216;

/** The server connections of a hub; undefined where it has had none. */
export type LinksOf = (hub: string) => ServerLinks | undefined;

/** Where clients come to. */
export function clientEndpoint(keys: AccessKeys, given: Connections | undefined, linksOf: LinksOf, services: EndpointServices): Endpoint {
  const settings = readOptions(connectionOptions, [clientDefaults, given]);
  return new Endpoint(
    {
      ...settings,
      ...webSocketLimits(settings),
      authenticate: ofHub(keys.authenticate(clientIdentity)),
      authorize: known,
      terms: (user, request) => clientTerms(user as ClientIdentity, request, linksOf, settings.allowStatefulReconnects),
      users: {
        // A connection of one hub is no key to another.
        idOf: (user) => `${(user as ClientIdentity).hub}\n${(user as ClientIdentity).userId ?? ''}`,
        expiryOf: (user) => (user as ClientIdentity).closesAt,
      },
    },
    services,
  );
}

/** Without a limit of the user's, messages are of any size: no more than a piece is kept of one. */
function webSocketLimits({ webSockets }: ConnectionSettings): Pick<EndpointOptions, 'webSockets' | 'readInPieces'> {
  if (webSockets.maximumMessageSize !== null) return { webSockets };
  return webSockets.perMessageDeflate
    ? { webSockets: { ...webSockets, maximumMessageSize: LARGEST_COMPRESSED } }
    : { webSockets, readInPieces: PIECE };
}

/** Where app servers come to: by WebSockets, without negotiation. */
export function serverEndpoint(keys: AccessKeys, settings: ServiceSettings, services: EndpointServices): Endpoint {
  const options: Connections = {
    transports: ['webSockets'],
    transportMaxBufferSize: settings.serverBufferSize,
    transportSendTimeout: settings.serverTimeout,
    maximumQueuedBytes: settings.maximumServerQueuedBytes,
    webSockets: { maximumMessageSize: settings.maximumServerMessageSize },
  };
  return new Endpoint(
    { ...readOptions(connectionOptions, [options]), authenticate: ofHub(keys.authenticate(serverIdentity)), authorize: known },
    services,
  );
}

/** Has a request say which hub it is about, before it is asked who sends it. */
function ofHub(authenticate: Authenticate): Authenticate {
  return (request) => {
    const hub = request.url.searchParams.get('hub');
    if (hub === null) throw new BadRequestError('The query does not say which hub it is about: ?hub=<name> is missing.');
    if (hubName(hub) === undefined) {
      throw new BadRequestError(
        "The query's hub is no name of one: a letter, and then up to 255 letters, digits and characters of _`,.[].",
      );
    }
    return authenticate(request);
  };
}

function clientTerms(
  { hub, server, transports, pollingTimeout }: ClientIdentity,
  { url }: ConnectionRequest,
  linksOf: LinksOf,
  allowStatefulReconnects: boolean,
): Terms {
  const links = linksOf(hub);
  const negotiates = pathOf(url.pathname).endsWith('/negotiate');
  // Who skips negotiation hears it as the answer to its handshake, as who comes when its app server has just gone; and can't come back.
  const isRefused = negotiates && links?.choose(server) === undefined;
  const mayReturn = negotiates && allowStatefulReconnects && links?.allowReconnect(server) === true;
  // Nearly all have the same, and need not keep it each.
  if (transports === undefined && pollingTimeout === undefined && !isRefused) return mayReturn ? RETURNS : STAYS;
  return { transports, pollingTimeout, allowStatefulReconnects: mayReturn, error: isRefused ? NO_SERVER : undefined };
}

const RETURNS: Terms = Object.freeze({ allowStatefulReconnects: true });
const STAYS: Terms = Object.freeze({ allowStatefulReconnects: false });
