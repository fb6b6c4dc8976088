import { createHash } from 'node:crypto';

/** A name that can stand in a subject as it is. One that begins with `_` can't: it could be taken for a hash. */
const PLAIN = /^[A-Za-z0-9-][\w-]{0,42}$/;
/** A hub's name is the end of its subjects, so it may have dots: `Shop.Hubs.ChatHub`. */
const PLAIN_HUB = /^[A-Za-z0-9-][\w-]*(\.[A-Za-z0-9-][\w-]*)*$/;
const LONGEST_HUB = 64;

/**
 * A name as one part of a bus's subjects. Ids, users and groups are any text, and a subject is not: a name that is long, or has other characters, is
 * replaced by its SHA-256. So each bus can carry them, and a name is never a pattern.
 */
export function subjectPart(name: string): string {
  return PLAIN.test(name) ? name : hashed(name);
}

/** A hub's name as the end of subjects. */
export function hubSubject(hub: string): string {
  return hub.length <= LONGEST_HUB && PLAIN_HUB.test(hub) ? hub : hashed(hub);
}

function hashed(name: string): string {
  return `_${createHash('sha256').update(name).digest('base64url')}`;
}
