import { codedError, describe } from '../base/errors.ts';

/** What an option takes. */
export interface Expectation {
  /** In words, for the error. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

/** The longest time that a timer can wait: 2^31 - 1 ms, about 24.8 days. */
const LONGEST_TIME = 0x7fff_ffff;

export const isMilliseconds = (value: unknown): boolean => typeof value === 'number' && value > 0 && value <= LONGEST_TIME;
export const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;

export const milliseconds: Expectation = { expected: 'a number of milliseconds above 0', accepts: isMilliseconds };
export const flag: Expectation = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };

/**
 * An option's value: the last that is given, else its default.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that the option does not take, also where a later one counts
 */
export function lastGiven<Value>(
  option: string,
  { expected, accepts }: Expectation,
  byDefault: Value,
  values: readonly (Value | undefined)[],
): Value {
  let last = byDefault;
  for (const given of values) {
    if (given === undefined) continue;
    if (!accepts(given)) throw codedError('SIGNALBOX_INVALID_OPTION', { option, given: describe(given), expected });
    last = given;
  }
  return last;
}
