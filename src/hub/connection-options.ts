import { codedError, describe } from '../base/errors.ts';
import { readOptions, type Given } from '../base/option-table.ts';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import type { ConnectionRequest } from '../transport/connection.ts';
import type { Feature } from '../transport/features.ts';
import { connectionOptions, type AuthenticationRefresh, type ConnectionSettings } from '../transport/options.ts';
import type { Claims } from './claims.ts';

/** Decides whether a request of an endpoint may go on: by who sent it, and what it is. */
export type AuthorizeRequest<User = Claims> = (attempt: {
  readonly user: User | undefined;
  readonly request: ConnectionRequest;
}) => boolean | Promise<boolean>;

/** How an endpoint treats its connections, and whom it serves. */
export interface ConnectionOptions<User = Claims> extends Given<typeof connectionOptions> {
  /**
   * Who may use the endpoint. Asked on every request of a connection, negotiate included. An anonymous request that may not is
   * answered with 401, a known one with 403. A hub's own `authorize` is asked besides. Default: everyone.
   */
  readonly authorize?: AuthorizeRequest<User>;
  /**
   * Whether a connection may go on with a new authentication of its user, where `enableAuthenticationRefresh` is set. Rejected, a request of
   * the client to refresh is answered with 403 and the connection goes on as it was; a long poll, or a WebSocket that comes back, ends it.
   * Default: it may.
   */
  readonly onAuthenticationRefresh?: (refresh: AuthenticationRefresh<User>) => boolean | Promise<boolean>;
  /**
   * What is kept with each connection of the object that Node has for its request, made by `feature`; hooks and hub methods get it by
   * `features.get(…)`. Read on every request of a connection. Default: nothing.
   */
  readonly features?: readonly Feature<unknown>[];
}

/** A WebSocket message may hold many hub messages: this much more than one. */
const MESSAGES_IN_ONE = 16;
const LEAST = 1_048_576;
/** `ws` takes any size up to here for no limit. */
const NO_LIMIT = 0x7fff_ffff;

/**
 * How an endpoint is served: of the sources that name an option the last counts, else its default.
 *
 * @param messageSize - the hub's largest message, null for no limit, undefined without a hub
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that an option does not take
 */
export function connectionSettings(
  sources: readonly (ConnectionOptions<never> | undefined)[],
  messageSize: number | null | undefined,
): ConnectionSettings {
  const settings = readOptions(connectionOptions, sources);
  const { webSockets } = settings;
  return {
    ...settings,
    // It takes messages that are counted: bytes without a hub are not.
    allowStatefulReconnects: messageSize !== undefined && settings.allowStatefulReconnects,
    webSockets: { ...webSockets, maximumMessageSize: webSockets.maximumMessageSize ?? largestFrame(messageSize) },
  };
}

function largestFrame(messageSize: number | null | undefined): number {
  if (messageSize === null) return NO_LIMIT;
  return Math.max(LEAST, (messageSize ?? 0) * MESSAGES_IN_ONE);
}

/** A host's user is a type of its own only to its users: what it is made of is handed back to the functions that were written for it. */
type Erased = AuthorizeRequest<unknown>;

/** What the transports ask and tell of users. */
export interface EndpointHooks {
  readonly authorize: ((user: unknown, request: ConnectionRequest) => MaybePromise<boolean>) | undefined;
  readonly onAuthenticationRefresh: ((refresh: AuthenticationRefresh) => MaybePromise<boolean>) | undefined;
}

/**
 * What the transports ask of users, from what the host and the endpoint say. The last source that says something counts.
 *
 * @param ofHub - the hub's own `authorize`, which has to agree
 */
export function endpointHooks<User>(
  sources: readonly (ConnectionOptions<User> | undefined)[],
  ofHub: AuthorizeRequest<User> | undefined,
): EndpointHooks {
  const authorize = sources.findLast((source) => source?.authorize !== undefined)?.authorize;
  const refresh = sources.findLast((source) => source?.onAuthenticationRefresh !== undefined)?.onAuthenticationRefresh;
  return {
    authorize: both(authorize as Erased | undefined, ofHub as Erased | undefined),
    onAuthenticationRefresh: refresh as EndpointHooks['onAuthenticationRefresh'],
  };
}

function both(first: Erased | undefined, second: Erased | undefined): EndpointHooks['authorize'] {
  const [only, other] = [first ?? second, first && second];
  if (only === undefined) return undefined;
  if (other === undefined) return (user, request) => only({ user, request });
  return (user, request) => {
    const allowed = only({ user, request });
    if (isPromise(allowed)) return allowed.then((answer) => answer && other({ user, request }));
    return allowed && other({ user, request });
  };
}

/**
 * What is kept of requests. The last source that says something counts.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for what is no list of features
 */
export function listedFeatures(sources: readonly (ConnectionOptions<never> | undefined)[]): readonly Feature<unknown>[] {
  let last: readonly Feature<unknown>[] = [];
  for (const features of sources.map((source) => source?.features)) {
    if (features === undefined) continue;
    if (!isFeatures(features)) {
      throw codedError('SIGNALBOX_INVALID_OPTION', {
        option: 'features',
        given: describe(features),
        expected: 'a list of what feature(…) made',
      });
    }
    last = [...features];
  }
  return last;
}

function isFeatures(value: unknown): value is readonly Feature<unknown>[] {
  return Array.isArray(value) && value.every(isFeature);
}

function isFeature(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'read' in value && typeof value.read === 'function';
}
