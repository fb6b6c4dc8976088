import { validateHeaderValue } from 'node:http';
import { isPromise, type MaybePromise } from '../base/promise.ts';
import { answers, unauthorized, type Answer } from './answers.ts';
import type { ConnectionRequest } from './connection.ts';
import { transportEvents } from './log-events.ts';
import type { EndpointContext } from './options.ts';

const BEARER = 'Bearer';

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

/** What became of a request at the door: its user, or the answer that turns it away. */
export interface Admission {
  readonly user: unknown;
  readonly refusal: Answer | undefined;
}

/** Everybody, where there are no hooks. */
const anonymous: Admission = { user: undefined, refusal: undefined };

/**
 * Asks the hooks about a request. The answer comes at once unless a hook makes us wait; it never throws and never rejects.
 *
 * @param describe - makes what the hooks are shown; not called where there are none
 */
export function admit({ options, log }: EndpointContext, describe: () => ConnectionRequest): MaybePromise<Admission> {
  const { authenticate, authorize, features = [] } = options;
  if (authenticate === undefined && authorize === undefined && features.length === 0) return anonymous;
  const turnAway = (error: unknown): Admission => {
    if (error instanceof AuthenticationError) return { user: undefined, refusal: unauthorized(error.challenge) };
    log(transportEvents.hookFailed, {}, error);
    return { user: undefined, refusal: answers.failed };
  };
  try {
    const request = describe();
    const judge = (user: unknown): MaybePromise<Admission> => {
      const allowed = authorize?.(user, request) ?? true;
      return isPromise(allowed) ? allowed.then((answer) => verdict(user, answer)) : verdict(user, allowed);
    };
    const user = authenticate?.(request);
    const judged = isPromise(user) ? user.then(judge) : judge(user);
    return isPromise(judged) ? judged.then(undefined, turnAway) : judged;
  } catch (error) {
    return turnAway(error);
  }
}

function verdict(user: unknown, allowed: boolean): Admission {
  if (allowed) return { user, refusal: undefined };
  return { user, refusal: user === undefined || user === null ? unauthorized(BEARER) : answers.forbidden };
}
