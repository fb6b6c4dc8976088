/** How bigints are written. */
export type BigIntWriting = 'exact' | 'number' | 'text';

/** What a replacer of `JSON.stringify` is called with. */
export type Replace = (this: Readonly<Record<string, unknown>>, key: string, value: unknown) => unknown;

/** What bigints become. */
export type BigIntReplacer = (value: bigint) => unknown;

/** Makes of what JSON has no words for something that it has, as `jsonValueOf` says. */
export function plainReplacer(bigint: BigIntReplacer): Replace {
  return function (key, value) {
    return jsonValueOf(this[key], value, bigint);
  };
}

/**
 * Bytes are base64 text, which is what clients of the reference server read into a byte array, a `Map` is an object, a `Set` an
 * array, and bigints what `bigint` makes of them.
 *
 * @param original - the value before its `toJSON`
 */
export function jsonValueOf(original: unknown, value: unknown, bigint: BigIntReplacer): unknown {
  if (typeof value === 'bigint') return bigint(value);
  if (original instanceof Uint8Array) return Buffer.from(original.buffer, original.byteOffset, original.byteLength).toString('base64');
  if (value instanceof Map) return Object.fromEntries(value as ReadonlyMap<string, unknown>);
  return value instanceof Set ? [...(value as ReadonlySet<unknown>)] : value;
}

/**
 * The text of a value, with bigints.
 *
 * @param replacing - makes a replacer that hands bigints on to a function
 * @returns undefined for what is no value in JSON
 * @throws TypeError as `JSON.stringify`; RangeError for a bigint that the client would round, where that is not wanted
 */
export function stringifyBigInts(
  value: unknown,
  writing: BigIntWriting,
  replacing: (bigint: BigIntReplacer) => Replace,
): string | undefined {
  if (writing === 'text') return stringified(value, replacing(String));
  if (writing === 'exact') return stringified(value, replacing(exactNumber));
  const wide: bigint[] = [];
  const text = stringified(
    value,
    replacing((bigint) => {
      if (!isSafe(bigint)) wide.push(bigint);
      return Number(bigint);
    }),
  );
  if (wide.length === 0 || text === undefined) return text;
  // Text that stands nowhere else in what is written, so that only bigints are taken out of their quotes.
  let mark = 'bigint:';
  while (text.includes(`"${mark}`)) mark += ':';
  const marked = stringified(
    value,
    replacing((bigint) => (isSafe(bigint) ? Number(bigint) : mark + String(bigint))),
  );
  return marked?.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

function exactNumber(value: bigint): number {
  if (isSafe(value)) return Number(value);
  throw new RangeError(
    `The BigInt ${value} is beyond 2^53, where JavaScript clients would round it. Send it as text, or set the option bigints of JsonHubProtocol.`,
  );
}

const isSafe = (value: bigint): boolean => value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);

function stringified(value: unknown, replace: Replace): string | undefined {
  return JSON.stringify(value, replace);
}
