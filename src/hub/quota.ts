import { WindowQuota } from '../base/allowance.ts';
import type { HubFilter } from './filter.ts';
import { checkAmount, checkChoice, limitFilter, type LimitFilterOptions } from './limit-filter.ts';

/** How many calls there may be in a window of time. */
export interface QuotaOptions<User = unknown> extends LimitFilterOptions<User> {
  /** Calls in a window. */
  readonly limit: number;
  /** Milliseconds of a window. It begins with the first call after the last one ended. */
  readonly window: number;
  /**
   * What becomes of a call too many. `reject`: it fails with a `LimitError`. `close`: its connection is closed with the same
   * text, and the client asked not to come back. Default `reject`.
   */
  readonly atLimit?: 'reject' | 'close';
}

/**
 * A filter that limits how many calls there are in an hour, say, for each connection, user or tenant. It counts as `rateLimit`
 * does. The count is this server's, and kept in memory: what is paid for belongs into a database.
 *
 * @throws SignalboxError SIGNALBOX_INVALID_OPTION
 */
export function quota<User = unknown>(options: QuotaOptions<User>): HubFilter<User> {
  const { limit, window, atLimit = 'reject' } = options;
  checkAmount('limit', limit);
  checkAmount('window', window);
  checkChoice('atLimit', atLimit, ['reject', 'close']);
  const shape = { limit, window };
  return limitFilter(options, {
    make: () => new WindowQuota(shape),
    patience: 0,
    closes: atLimit === 'close',
    text: `The quota of ${limit} ${limit === 1 ? 'call' : 'calls'} in ${(window / 1_000).toLocaleString('en-US')} s is used up.`,
  });
}
