import { TokenBucket } from '../base/allowance.ts';
import type { HubFilter } from './filter.ts';
import { checkAmount, checkChoice, limitFilter, type LimitFilterOptions } from './limit-filter.ts';

/** How fast calls may come. */
export interface RateLimitOptions<User = unknown> extends LimitFilterOptions<User> {
  /** Calls that may come at once after a rest: the tokens of a full bucket. */
  readonly capacity: number;
  /** Calls a second in the long run. */
  readonly refillPerSecond: number;
  /**
   * What becomes of a call too many. `reject`: it fails with a `LimitError`. `wait`: it is held back until it may go on, in the order of arrival,
   * and fails only where that would take more than `maximumWait`. `close`: its connection is closed with the same text, and
   * the client asked not to come back. Default `reject`.
   */
  readonly atLimit?: 'reject' | 'wait' | 'close';
  /** Milliseconds that a call may be held back, with `wait`. Default 5,000. */
  readonly maximumWait?: number;
}

const MAXIMUM_WAIT = 5_000;

/**
 * A filter that limits how fast calls come, with a token bucket for each connection, user or tenant. It counts what clients ask
 * for: methods that do not exist, and calls that want no answer, too; a call that opens streams, in either direction, once.
 * The buckets are this filter's: named in a host's `filters` they count for all its hubs together.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION
 */
export function rateLimit<User = unknown>(options: RateLimitOptions<User>): HubFilter<User> {
  const { capacity, refillPerSecond, atLimit = 'reject', maximumWait = MAXIMUM_WAIT } = options;
  checkAmount('capacity', capacity);
  checkAmount('refillPerSecond', refillPerSecond);
  checkAmount('maximumWait', maximumWait);
  checkChoice('atLimit', atLimit, ['reject', 'wait', 'close']);
  const shape = { capacity, refillPerSecond };
  return limitFilter(options, {
    make: () => new TokenBucket(shape),
    patience: atLimit === 'wait' ? maximumWait : 0,
    closes: atLimit === 'close',
    text: `Too many calls: ${capacity} at once and ${refillPerSecond} a second are allowed.`,
  });
}
