import { validateHeaderValue } from 'node:http';
import { SignalboxError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { answers, plain, unauthorized, type Answer } from './answers.ts';
import type { ConnectionRequest } from './connection.ts';
import { anonymous, isAnonymous, type Identity } from './identity.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext, EndpointOptions } from './options.ts';
import { redirectionAnswer } from './redirection.ts';
import type { Terms } from './terms.ts';

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

/** Thrown by `authenticate` to refuse a request with 400 and the error's text: it does not say what it is about, whoever sends it. */
export class BadRequestError extends Error {
  override readonly name = 'BadRequestError';
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
export function admit(context: EndpointContext, describe: () => ConnectionRequest): MaybePromise<Admission> {
  const { options } = context;
  const { authenticate, authorize, features = [] } = options;
  if (authenticate === undefined && authorize === undefined && features.length === 0) return everybody;
  try {
    const request = describe();
    const judge = (user: unknown): MaybePromise<Admission> => {
      const allowed = authorize?.(user, request) ?? true;
      return isPromise(allowed) ? allowed.then((answer) => verdict(options, user, answer)) : verdict(options, user, allowed);
    };
    const user = authenticate?.(request);
    const judged = isPromise(user) ? user.then(judge) : judge(user);
    return isPromise(judged) ? judged.then(undefined, (error: unknown) => nobody(context, error)) : judged;
  } catch (error) {
    return nobody(context, error);
  }
}

/** The terms of a new connection, or the answer to the request that would have made it. */
export interface Agreement {
  readonly terms: Terms | undefined;
  readonly refusal: Answer | undefined;
}

/** With everybody, where nobody is asked. */
const asTheEndpointSays: Agreement = { terms: undefined, refusal: undefined };

/**
 * Asks on what terms a request that was admitted makes a connection. Never throws.
 *
 * @param refuse - the answer where the terms say that there is to be none
 */
export function agree(
  context: EndpointContext,
  { user }: Identity,
  describe: () => ConnectionRequest,
  refuse: (error: string) => Answer,
): Agreement {
  const { terms: termsOf } = context.options;
  if (termsOf === undefined) return asTheEndpointSays;
  try {
    const terms = termsOf(user, describe());
    return { terms, refusal: terms?.error === undefined ? undefined : refuse(terms.error) };
  } catch (error) {
    return { terms: undefined, refusal: turnAway(context, error) };
  }
}

/** The answer to a negotiate request that was admitted and is not for this server; undefined for one that is. Never throws or rejects. */
export function redirected(
  context: EndpointContext,
  { user }: Identity,
  describe: () => ConnectionRequest,
): MaybePromise<Answer | undefined> {
  const { redirect } = context.options;
  if (redirect === undefined) return undefined;
  try {
    const redirection = redirect(user, describe());
    if (!isPromise(redirection)) return redirection && redirectionAnswer(redirection);
    return redirection.then((to) => to && redirectionAnswer(to)).then(undefined, (error: unknown) => turnAway(context, error));
  } catch (error) {
    return turnAway(context, error);
  }
}

const nobody = (context: EndpointContext, error: unknown): Admission => ({ identity: anonymous, refusal: turnAway(context, error) });

/** The answer to a request of which a hook threw an error. */
function turnAway({ log }: EndpointContext, error: unknown): Answer {
  if (error instanceof AuthenticationError) return unauthorized(error.challenge);
  if (error instanceof BadRequestError) return plain(400, error.message);
  if (error instanceof SignalboxError && error.code === 'SIGNALBOX_KEYS_UNAVAILABLE') {
    if (!told.has(error)) log(transportEvents.keysUnavailable, { code: error.code }, error);
    told.add(error);
    return answers.unavailable;
  }
  log(transportEvents.hookFailed, {}, error);
  return answers.failed;
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
