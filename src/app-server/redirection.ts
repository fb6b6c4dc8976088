import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { MAX_TOKEN_LENGTH, type AccessTokens } from '../authentication/access-token.ts';
import { SystemClaim, transportBits } from '../authentication/system-claims.ts';
import type { TransportName } from '../transport/connection.ts';
import type { Redirection } from '../transport/redirection.ts';
import { tokenClaims, type ClaimSet } from './claims.ts';
import { appServerEvents } from './log-events.ts';
import type { AppServerSettings } from './options.ts';

const SECOND = 1_000;
/** What the service takes for a handshake time-out where a token says none, and at the most: seconds. */
const HANDSHAKE_TIMEOUT = 15;
const LONGEST_HANDSHAKE_TIMEOUT = 30;
const stickyModes = { preferred: 'Preferred', required: 'Required' } as const;
/** The query's own token is for the app server. */
const TOKEN = 'access_token';

/** How an endpoint treats its clients, as far as the service has to know. */
export interface EndpointTraits {
  readonly transports: readonly TransportName[];
  /** Milliseconds. */
  readonly handshakeTimeout: number;
  readonly enableDetailedErrors: boolean;
}

/** A client that negotiates. */
export interface NegotiatingClient {
  /** Undefined for an anonymous one. */
  readonly claims: ClaimSet | undefined;
  readonly userId: string | undefined;
  /** Milliseconds since 1970 when its connection is to be closed; undefined where it is not. */
  readonly closesAt: number | undefined;
  /** The query of its request, with its `?`. */
  readonly query: string;
}

/** What clients of one hub are redirected by. */
export interface RedirectionParts {
  /** Its name on the wire. */
  readonly hub: string;
  /** Of the service, as clients reach it. */
  readonly clientUrl: string;
  readonly serverId: string;
  readonly tokens: AccessTokens;
  readonly settings: AppServerSettings;
  readonly log: Log;
}

/** Where a client of a path is to connect, and as whom. 413 for one that is too long to be told. */
export async function redirection(
  parts: RedirectionParts,
  path: string,
  endpoint: EndpointTraits,
  client: NegotiatingClient,
): Promise<Redirection> {
  const { hub, clientUrl, tokens, log } = parts;
  const claims = { ...(client.claims && tokenClaims(client.claims)), ...systemClaims(parts, path, endpoint, client) };
  const accessToken = await tokens.forClient(hub, claims);
  const { length } = accessToken;
  if (length > MAX_TOKEN_LENGTH) {
    log(appServerEvents.tokenTooLong, { hub, length, limit: MAX_TOKEN_LENGTH });
    return { status: 413, text: `The access token for the service would have ${length} characters, and ${MAX_TOKEN_LENGTH} is the limit.` };
  }
  const operation = path === '/' ? '' : `&asrs.op=${encodeURIComponent(path)}`;
  return { url: `${clientUrl}client/?hub=${hub}${operation}${rest(client.query)}&asrs_request_id=${randomId()}`, accessToken };
}

function systemClaims(
  { serverId, settings }: RedirectionParts,
  path: string,
  endpoint: EndpointTraits,
  client: NegotiatingClient,
): ClaimSet {
  const { serverStickyMode, maxPollInterval } = settings;
  const { closesAt, userId } = client;
  const handshakeTimeout = Math.min(Math.ceil(endpoint.handshakeTimeout / SECOND), LONGEST_HANDSHAKE_TIMEOUT);
  const transports = endpoint.transports.reduce((bits, name) => bits | transportBits[name], 0);
  return {
    [SystemClaim.path]: path,
    ...(userId !== undefined && { [SystemClaim.userId]: userId }),
    ...(serverStickyMode !== 'disabled' && {
      [SystemClaim.serverId]: serverId,
      [SystemClaim.stickyMode]: stickyModes[serverStickyMode],
    }),
    ...(handshakeTimeout !== HANDSHAKE_TIMEOUT && { [SystemClaim.handshakeTimeout]: String(handshakeTimeout) }),
    ...(endpoint.enableDetailedErrors && { [SystemClaim.detailedErrors]: 'True' }),
    ...(maxPollInterval !== null && { [SystemClaim.pollInterval]: String(Math.round(maxPollInterval / SECOND)) }),
    ...(endpoint.transports.length < Object.keys(transportBits).length && { [SystemClaim.transports]: transports }),
    ...(closesAt !== undefined && {
      [SystemClaim.closeOnExpiration]: 'true',
      [SystemClaim.expiresAt]: String(Math.floor(closesAt / SECOND)),
    }),
  };
}

/** The client's own query, as it wrote it, but for a token that is meant for this server. */
function rest(query: string): string {
  const parts = query.replace(/^\?/, '').split('&');
  return parts.filter((part) => part !== '' && part.split('=', 1)[0] !== TOKEN).reduce((text, part) => `${text}&${part}`, '');
}
