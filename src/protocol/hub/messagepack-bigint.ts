import { ExtData } from '@msgpack/msgpack';

const MAX_LEVELS = 100;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/**
 * A copy of a value in which integers beyond 32 bits are bigints: where the codec writes bigints as integers, it writes
 * such numbers as floating point.
 *
 * @throws RangeError when a bigint does not fit into 64 bits, or the value is nested too deeply
 */
export function widenIntegers(value: unknown): unknown {
  return widen(value, MAX_LEVELS);
}

function widen(value: unknown, levels: number): unknown {
  if (typeof value === 'number') return isWide(value) ? BigInt(value) : value;
  if (typeof value === 'bigint') {
    if (value < MIN_INT64 || value > MAX_UINT64) throw new RangeError('A bigint is beyond 64 bits');
    return value;
  }
  return typeof value !== 'object' || value === null || isLeaf(value) ? value : widenItems(value, levels);
}

function isWide(value: number): boolean {
  return Number.isSafeInteger(value) && (value < -0x80000000 || value > 0xffffffff);
}

function widenItems(value: object, levels: number): unknown {
  if (levels === 0) throw new RangeError('Too deep objects');
  if (Array.isArray(value)) return value.map((item) => widen(item, levels - 1));
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, item] of Object.entries(value)) copy[name] = widen(item, levels - 1);
  return copy;
}

function isLeaf(value: object): boolean {
  return value instanceof Date || value instanceof ExtData || ArrayBuffer.isView(value);
}
