import { createHash } from 'node:crypto';

/** A name that can stand in a subject as it is. One that begins with `_` can't: it could be taken for a hash. */
const PLAIN = /^[A-Za-z0-9-][\w-]{0,42}$/;
/** A hub's name is the end of its subjects, so it may have dots: `Shop.Hubs.ChatHub`. */
const PLAIN_HUB = /^[A-Za-z0-9-][\w-]*(\.[A-Za-z0-9-][\w-]*)*$/;
const LONGEST_HUB = 64;

/**
 * The subjects of one hub: `<prefix>.all.<hub>`, `<prefix>.group.<name>.<hub>`. Ids, users and groups are any text, and a subject is not: a name
 * that is long, or has other characters, is replaced by its SHA-256. So each bus can carry them, and a name is never a pattern.
 */
export class Subjects {
  /** What every server of the hub hears. */
  readonly all: string;
  readonly #prefix: string;
  readonly #hub: string;

  constructor(prefix: string, hub: string) {
    this.#prefix = prefix;
    this.#hub = hub.length <= LONGEST_HUB && PLAIN_HUB.test(hub) ? hub : hashed(hub);
    this.all = `${prefix}.all.${this.#hub}`;
  }

  /** What one server hears: answers to what it asked. */
  server(id: string): string {
    return this.#subject('server', id);
  }

  /** What the server of a connection hears. */
  connection(id: string): string {
    return this.#subject('connection', id);
  }

  /** What every server hears that has a connection of the user. */
  user(id: string): string {
    return this.#subject('user', id);
  }

  /** What every server hears that has a member of the group. */
  group(name: string): string {
    return this.#subject('group', name);
  }

  #subject(kind: string, name: string): string {
    return `${this.#prefix}.${kind}.${PLAIN.test(name) ? name : hashed(name)}.${this.#hub}`;
  }
}

function hashed(name: string): string {
  return `_${createHash('sha256').update(name).digest('base64url')}`;
}
