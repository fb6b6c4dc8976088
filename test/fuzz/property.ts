import type * as fc from 'fast-check';

/** Something that holds for every case there is, and how often it is tried. */
export interface Property {
  readonly name: string;
  /** What holds, as a sentence. */
  readonly title: string;
  /** Its share of a million cases. */
  readonly share: number;
  /** Its cases in the ordinary tests. */
  readonly few: number;
  /** Cases that one process takes on at a time. */
  readonly chunk: number;
  /** Makes ready what all cases share. */
  open(): Promise<OpenProperty>;
}

export interface OpenProperty {
  readonly cases: fc.IRawProperty<unknown>;
  close(): Promise<void>;
}

/** A property of functions: its cases share nothing. */
export function pureProperty(about: Omit<Property, 'open' | 'chunk'>, cases: () => fc.IRawProperty<unknown>): Property {
  return {
    ...about,
    chunk: 2_500,
    open: () => Promise.resolve({ cases: cases(), close: () => Promise.resolve() }),
  };
}
