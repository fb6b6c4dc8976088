import type { AccessKeys } from '../authentication/access-keys.ts';
import { readOptions, type Given } from '../base/option-table.ts';
import { Endpoint, type EndpointServices } from '../transport/endpoint.ts';
import { connectionOptions } from '../transport/options.ts';
import { clientIdentity, type ClientIdentity } from './client-identity.ts';
import type { ServiceSettings } from './options.ts';
import { serverIdentity } from './server-identity.ts';

type Connections = Given<typeof connectionOptions>;

const known = (user: unknown): boolean => user !== undefined;

/** Where clients come to differs from a hub's endpoint in this, unless options say otherwise. */
const clientDefaults: Connections = {
  // Their pages are served by app servers, and it is a token that lets them in.
  allowedOrigins: () => true,
  closeOnAuthenticationExpiration: true,
  webSockets: { maximumMessageSize: 16_777_216 },
};

/** Where clients come to. */
export function clientEndpoint(keys: AccessKeys, given: Connections | undefined, services: EndpointServices): Endpoint {
  return new Endpoint(
    {
      ...readOptions(connectionOptions, [clientDefaults, given]),
      authenticate: keys.authenticate(clientIdentity),
      authorize: known,
      users: {
        // A connection of one hub is no key to another.
        idOf: (user) => `${(user as ClientIdentity).hub}\n${(user as ClientIdentity).userId ?? ''}`,
        expiryOf: (user) => (user as ClientIdentity).closesAt,
      },
    },
    services,
  );
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
    { ...readOptions(connectionOptions, [options]), authenticate: keys.authenticate(serverIdentity), authorize: known },
    services,
  );
}
