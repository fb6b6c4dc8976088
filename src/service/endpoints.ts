import type { AccessKeys } from '../authentication/access-keys.ts';
import { readOptions, type Given } from '../base/option-table.ts';
import type { MeteredEndpoint } from '../metering/close-category.ts';
import type { Meter } from '../metering/meter.ts';
import { OTHER } from '../metering/name-counts.ts';
import { BadRequestError } from '../transport/admission.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import { connectionOptions, type Authenticate, type ConnectionSettings, type EndpointOptions } from '../transport/options.ts';
import { pathOf } from '../transport/request-target.ts';
import type { Terms } from '../transport/terms.ts';
import { clientIdentity, type ClientIdentity } from './client-identity.ts';
import type { ServiceSettings } from './options.ts';
import { PIECE } from './client-uplink.ts';
import { serverIdentity } from './server-identity.ts';
import { NO_SERVER, noServerCategory, type ServerLinks } from './server-links.ts';
import { hubName } from './token-audience.ts';

type Connections = Given<typeof connectionOptions>;

const known = (user: unknown): boolean => user !== undefined;

/** Where clients come to differs from a hub's endpoint in this, unless options say otherwise. */
export const clientDefaults: Connections = {
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

/** What the door of clients knows of those inside. */
export interface ClientDoor {
  readonly linksOf: LinksOf;
  readonly meter: Meter;
}

/**
 * How the endpoint that clients come to is served.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION
 */
export function clientOptions(keys: AccessKeys, given: Connections | undefined, door: ClientDoor): EndpointOptions {
  const settings = readOptions(connectionOptions, [clientDefaults, given]);
  return {
    ...settings,
    ...webSocketLimits(settings),
    authenticate: ofHub(keys.authenticate(clientIdentity), door.meter, 'Client'),
    authorize: known,
    terms: (user, request) => clientTerms(user as ClientIdentity, request, door, settings.allowStatefulReconnects),
    users: {
      // A connection of one hub is no key to another.
      idOf: (user) => `${(user as ClientIdentity).hub}\n${(user as ClientIdentity).userId ?? ''}`,
      expiryOf: (user) => (user as ClientIdentity).closesAt,
    },
  };
}

/** Without a limit of the user's, messages are of any size: no more than a piece is kept of one. */
function webSocketLimits({ webSockets }: ConnectionSettings): Pick<EndpointOptions, 'webSockets' | 'readInPieces'> {
  if (webSockets.maximumMessageSize !== null) return { webSockets };
  return webSockets.perMessageDeflate
    ? { webSockets: { ...webSockets, maximumMessageSize: LARGEST_COMPRESSED } }
    : { webSockets, readInPieces: PIECE };
}

/** The same of the endpoint that app servers come to: by WebSockets, without negotiation. */
export function serverOptions(keys: AccessKeys, settings: ServiceSettings, meter: Meter): EndpointOptions {
  const options: Connections = {
    transports: ['webSockets'],
    transportMaxBufferSize: settings.serverBufferSize,
    transportSendTimeout: settings.serverTimeout,
    maximumQueuedBytes: settings.maximumServerQueuedBytes,
    webSockets: { maximumMessageSize: settings.maximumServerMessageSize },
  };
  return {
    ...readOptions(connectionOptions, [options]),
    authenticate: ofHub(keys.authenticate(serverIdentity), meter, 'Server'),
    authorize: known,
  };
}

/** Has a request say which hub it is about, before it is asked who sends it; and counts who is turned away. */
function ofHub<User>(
  authenticate: (request: ConnectionRequest) => Promise<User | undefined>,
  meter: Meter,
  endpoint: MeteredEndpoint,
): Authenticate {
  return async (request) => {
    const hub = request.url.searchParams.get('hub');
    const problem = problemOf(hub);
    if (problem !== undefined) {
      meter.hub(OTHER).refused(endpoint, 'BadRequest');
      throw new BadRequestError(problem);
    }
    // A name that nobody has signed is not to be kept.
    const refused = (): void => (meter.hubs.get(hub ?? '') ?? meter.hub(OTHER)).refused(endpoint, 'Unauthorized');
    try {
      const user = await authenticate(request);
      if (user === undefined) refused();
      return user;
    } catch (error) {
      refused();
      throw error;
    }
  };
}

function problemOf(hub: string | null): string | undefined {
  if (hub === null) return 'The query does not say which hub it is about: ?hub=<name> is missing.';
  if (hubName(hub) !== undefined) return undefined;
  return "The query's hub is no name of one: a letter, and then up to 255 letters, digits and characters of _`,.[].";
}

function clientTerms(
  { hub, server, transports, pollingTimeout }: ClientIdentity,
  { url }: ConnectionRequest,
  { linksOf, meter }: ClientDoor,
  allowStatefulReconnects: boolean,
): Terms {
  const links = linksOf(hub);
  const negotiates = pathOf(url.pathname).endsWith('/negotiate');
  // Who skips negotiation hears it as the answer to its handshake, as who comes when its app server has just gone; and can't come back.
  const isRefused = negotiates && links?.choose(server) === undefined;
  if (isRefused) meter.hub(hub).refused('Client', noServerCategory(server));
  const mayReturn = negotiates && allowStatefulReconnects && links?.allowReconnect(server) === true;
  // Nearly all have the same, and need not keep it each.
  if (transports === undefined && pollingTimeout === undefined && !isRefused) return mayReturn ? RETURNS : STAYS;
  return { transports, pollingTimeout, allowStatefulReconnects: mayReturn, error: isRefused ? NO_SERVER : undefined };
}

const RETURNS: Terms = Object.freeze({ allowStatefulReconnects: true });
const STAYS: Terms = Object.freeze({ allowStatefulReconnects: false });
