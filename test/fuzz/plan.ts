import type { Property } from './property.ts';

/** What one process takes on at a time. */
export interface Chunk {
  readonly property: string;
  readonly cases: number;
  readonly seed: number;
}

/** Far from one another, and the first one of each property as it was given: so that any chunk can be had again by itself. */
const SEED_STEP = 0x9e3779b9;

/** Deals the cases out to properties by their shares, and to chunks. The chunks of a property that takes long come first. */
export function plan(properties: readonly Property[], cases: number, seed: number): readonly Chunk[] {
  const shares = properties.reduce((sum, { share }) => sum + share, 0);
  let dealt = 0;
  let sum = 0;
  return properties.flatMap((property) => {
    sum += property.share;
    const end = Math.round((cases * sum) / shares);
    const chunks = chunksOf(property, end - dealt, seed);
    dealt = end;
    return chunks;
  });
}

function chunksOf({ name, chunk }: Property, cases: number, seed: number): readonly Chunk[] {
  return Array.from({ length: Math.ceil(cases / chunk) }, (_, index) => ({
    property: name,
    cases: Math.min(chunk, cases - index * chunk),
    // In 32 bits, as seeds are.
    seed: (seed + Math.imul(index, SEED_STEP)) | 0,
  }));
}
