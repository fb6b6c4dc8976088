import type { Farm } from './farm.ts';

/** What is done to a farm under load. */
export interface Fault {
  readonly name: string;
  /** What happens, as a row of the table says it. `{s}` is the time of the outage, in seconds. */
  readonly title: string;
  /** Whether nothing may be lost. */
  readonly covered: boolean;
  /** Whether a quick run has it. */
  readonly quick?: true;
  readonly redisArgs?: readonly string[];
  /** Options of the backplanes. */
  readonly backplane?: Readonly<Record<string, unknown>>;
  /** Milliseconds that its outage takes; where it is given, in a quick run as well. */
  readonly outage?: number;
  /** Breaks something, and makes it whole again. `outage`: milliseconds in between. */
  strike(farm: Farm, outage: number): Promise<void>;
}
