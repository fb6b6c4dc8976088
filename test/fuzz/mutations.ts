import * as fc from 'fast-check';

/** One change of bytes. Its place counts from the start, round and round. */
export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

/** Bytes that mean something to what reads them: separators, brackets, the heads and lengths of MessagePack. */
const meaning = fc.constantFrom(
  ...['\u001e', '{', '}', '[', ']', '"', '\\', ',', ':', 'null', '1e999', '\\ud800', '\ufeff', '\r\n', '\r\n\r\n', '0'].map((text) =>
    Buffer.from(text),
  ),
  ...['00', '80', '90', 'c0', 'c1', 'c4ff', 'c7', 'cb7ff0000000000000', 'cfffffffffffffffff', 'd6ff', 'dcffff', 'ddffffffff', 'ff'].map(
    (hex) => Buffer.from(hex, 'hex'),
  ),
);

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(4_000),
  remove: fc.oneof({ weight: 8, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(400) }),
  insert: fc.oneof(fc.uint8Array({ maxLength: 4 }), meaning),
});

/** A few changes; none is one of the cases. */
export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(edit, { maxLength: 4 });

/** At least one change. */
export const someEdits: fc.Arbitrary<readonly Edit[]> = fc.array(edit, { minLength: 1, maxLength: 4 });

export function mutate(bytes: Buffer, changes: readonly Edit[]): Buffer {
  let mutated = bytes;
  for (const { at, remove, insert } of changes) {
    const place = mutated.length === 0 ? 0 : at % mutated.length;
    mutated = Buffer.concat([mutated.subarray(0, place), insert, mutated.subarray(place + remove)]);
  }
  return mutated;
}

/** Where to cut bytes: offsets round and round, in any order. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(5_000), { maxLength: 8 });

/** The bytes in pieces; some may be empty. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}
