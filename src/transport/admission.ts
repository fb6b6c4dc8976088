import { validateHeaderValue } from 'node:http';
import { SignalboxError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { answers, unauthorized, type Answer } from './answers.ts';
import type { ConnectionRequest } from './connection.ts';
import { anonymous, isAnonymous, type Identity } from './identity.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext, EndpointOptions } from './options.ts';

const BEARER = 'Bearer';

/** Failures that were logged. One that meets request after request, such as keys that can't be fetched, is one object. */
const told = new WeakSet<Error>();

/** Thrown by `authenticate` to refuse a request with 401 and a challenge of its own. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  /** The value of the `WWW-Authenticate` header. */
  readonly challenge: string;

  /** @throws TypeError when the challenge can't be sent as a header */
  constructor(challenge: string = BEARER) {
    validateHeaderValue('WWW-Authenticate', challenge);
    super(`Refused with the challenge '${challenge}'`);
    this.challenge = challenge;
  }
}

/** What became of a request at the door: who sent it, or the answer that turns it away. */
export interface Admission {
  readonly identity: Identity;
  readonly refusal: Answer | undefined;
}

/** Everybody, where there are no hooks. */
const everybody: Admission = { identity: anonymous, refusal: undefined };

/**
 * Asks the hooks about a request. The answer comes at once unless a hook makes us wait; it never throws and never rejects.
 *
 * @param describe - makes what the hooks are shown; not called where there are none
 */
export function admit({ options, log }: EndpointContext, describe: () => ConnectionRequest): MaybePromise<Admission> {
  const { authenticate, authorize, features = [] } = options;
  if (authenticate === undefined && authorize === undefined && features.length === 0) return everybody;
  const turnAway = (error: unknown): Admission => {
    if (error instanceof AuthenticationError) return { identity: anonymous, refusal: unauthorized(error.challenge) };
    if (error instanceof SignalboxError && error.code === 'SIGNALBOX_KEYS_UNAVAILABLE') {
      if (!told.has(error)) log(transportEvents.keysUnavailable, { code: error.code }, error);
      told.add(error);
      return { identity: anonymous, refusal: answers.unavailable };
    }
    log(transportEvents.hookFailed, {}, error);
    return { identity: anonymous, refusal: answers.failed };
  };
  try {
    const request = describe();
    const judge = (user: unknown): MaybePromise<Admission> => {
      const allowed = authorize?.(user, request) ?? true;
      return isPromise(allowed) ? allowed.then((answer) => verdict(options, user, answer)) : verdict(options, user, allowed);
    };
    const user = authenticate?.(request);
    const judged = isPromise(user) ? user.then(judge) : judge(user);
    return isPromise(judged) ? judged.then(undefined, turnAway) : judged;
  } catch (error) {
    return turnAway(error);
  }
}

function identify({ users, closeOnAuthenticationExpiration, enableAuthenticationRefresh }: EndpointOptions, user: unknown): Identity {
  if (user === undefined || user === null) return anonymous;
  const expires = closeOnAuthenticationExpiration || enableAuthenticationRefresh ? users?.expiryOf(user) : undefined;
  return { user, id: users?.idOf(user), expires };
}

function verdict(options: EndpointOptions, user: unknown, allowed: boolean): Admission {
  const identity = identify(options, user);
  if (allowed) return { identity, refusal: undefined };
  return { identity, refusal: isAnonymous(identity) ? unauthorized(BEARER) : answers.forbidden };
}
