import type { Given, Option, Settings } from '../base/option-table.ts';

/** The longest time that a timer can wait. */
const LONGEST_TIME = 0x7fff_ffff;

const period = (byDefault: number): Option<number> => ({
  byDefault,
  expected: 'a number of milliseconds, 0 or more',
  accepts: (value) => typeof value === 'number' && value >= 0 && value <= LONGEST_TIME,
});

/** How a service stops: what `close` takes. */
export const closeOptions = {
  /**
   * Milliseconds in which the service goes on as before, but for `/readyz`, which says that it stops: so long a load balancer may take to notice.
   * They come before `timeout`. Default 0.
   */
  delay: period(0),
  /** Milliseconds that clients and app servers have to take their leave. Default 8,000. */
  timeout: period(8_000),
  /**
   * Milliseconds over which clients are told to come back, so that they do not come all at once; no more than three quarters of `timeout`.
   * Where there are fewer than 200 a second to tell, it takes less. Default 5,000.
   */
  closeSpread: period(5_000),
};

export type ServiceCloseOptions = Given<typeof closeOptions>;
export type CloseSettings = Settings<typeof closeOptions>;
