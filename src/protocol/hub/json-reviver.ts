/** Sees each value that was read, from the innermost out; what it returns stands in its place, and undefined removes it. */
export type Reviver = (this: unknown, key: string, value: unknown) => unknown;

/** What becomes of property names on their way out and in. One that is left out leaves them as they are. */
export interface PropertyNames {
  readonly write?: ((name: string) => string) | undefined;
  readonly read?: ((name: string) => string) | undefined;
}

interface Revival {
  /** Whether text that is a date becomes one. */
  readonly dates: boolean;
  readonly rename: ((name: string) => string) | undefined;
  readonly custom: Reviver | undefined;
}

/** A date and a time with its zone, as `JSON.stringify` and the reference server write them. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const LONGEST_DATE_TIME = 35;

/**
 * Makes what converts a value that `JSON.parse` made. Containers are changed in place: nobody else has them yet. They are as
 * deep as messages may be, and no deeper.
 */
export function reviver({ dates, rename, custom }: Revival): (value: unknown) => unknown {
  const revive = (holder: unknown, key: string, value: unknown): unknown => {
    let revived = value;
    if (Array.isArray(value)) reviveItems(value, revive);
    else if (typeof value === 'object' && value !== null) revived = reviveProperties(value as Record<string, unknown>, rename, revive);
    else if (dates && typeof value === 'string') revived = dateOf(value) ?? value;
    return custom === undefined ? revived : custom.call(holder, key, revived);
  };
  return (value) => revive({ '': value }, '', value);
}

/**
 * A name whose first word is in lower case, as the reference server makes it: `UserName` is `userName`, and `URLPath` `urlPath`.
 */
export function camelCase(name: string): string {
  let end = 0;
  // The last capital before a small letter begins the next word.
  while (isUpper(name, end) && (end === 0 || end + 1 === name.length || isUpper(name, end + 1) || name[end + 1] === ' ')) end++;
  // Letter by letter: together, a sigma at the end would be another one.
  return Array.from(name.slice(0, end), lowerCase).join('') + name.slice(end);
}

type Revive = (holder: unknown, key: string, value: unknown) => unknown;

function reviveItems(items: unknown[], revive: Revive): void {
  for (let index = 0; index < items.length; index++) items[index] = revive(items, String(index), items[index]);
}

function reviveProperties(object: Record<string, unknown>, rename: Revival['rename'], revive: Revive): object {
  for (const name of Object.keys(object)) {
    const revived = revive(object, name, object[name]);
    if (revived === undefined) delete object[name];
    // A name like __proto__ is the object's own already.
    else object[name] = revived;
  }
  return rename === undefined ? object : Object.fromEntries(Object.entries(object).map(([name, value]) => [rename(name), value]));
}

function dateOf(text: string): Date | undefined {
  if (text.length > LONGEST_DATE_TIME || !DATE_TIME.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function lowerCase(letter: string): string {
  const lower = letter.toLowerCase();
  return lower.length === letter.length ? lower : letter;
}

const CAPITAL = /\p{Lu}/u;

function isUpper(name: string, at: number): boolean {
  return at < name.length && CAPITAL.test(name.charAt(at));
}
