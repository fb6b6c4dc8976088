import { inspect } from 'node:util';
import { ExtData } from 'signalbox/protocol';

/**
 * Whether two received values say the same. What is absent is as good as what is undefined; a prototype says nothing; a number
 * and a bigint may be equal; what JSON has no word for, it calls null.
 */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return sameNumber(a, b);
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Uint8Array || b instanceof Uint8Array) return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
  if (a instanceof ExtData && b instanceof ExtData) return a.type === b.type && same(a.data, b.data);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  return sameEntries(a as Record<string, unknown>, b as Record<string, unknown>);
}

export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (!same(actual, expected)) throw new Error(`${what}: ${shown(actual)} instead of ${shown(expected)}`);
}

export function expectThat(holds: boolean, what: string, ...values: readonly unknown[]): asserts holds {
  if (!holds) throw new Error([what, ...values.map(shown)].join(' '));
}

const shown = (value: unknown): string => inspect(value, { depth: 6, maxStringLength: 400, maxArrayLength: 50, breakLength: 140 });

function sameNumber(a: unknown, b: unknown): boolean {
  if (typeof a === 'bigint') return typeof b === 'number' && BigInt(Number(a)) === BigInt(b);
  if (typeof b === 'bigint') return sameNumber(b, a);
  return isUnsayable(a) ? b === null : isUnsayable(b) && a === null;
}

const isUnsayable = (value: unknown): boolean => value === Infinity || value === -Infinity;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);

function sameEntries(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const name of Object.keys(a)) if (a[name] !== undefined && !same(a[name], own(b, name))) return false;
  for (const name of Object.keys(b)) if (b[name] !== undefined && own(a, name) === undefined) return false;
  return true;
}

const own = (object: Record<string, unknown>, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);
