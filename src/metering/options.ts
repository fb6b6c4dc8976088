import { count, flag, milliseconds } from '../base/option-table.ts';
import type { Settings } from '../base/option-table.ts';
import { NameCounts, type HubNames } from './name-counts.ts';

/** What is counted besides what there always is, and what is kept of it. */
export const meteringOptions = {
  /** Whether messages are counted, which looks for the end of each; without, bytes and connections are. Default true. */
  messages: flag(true),
  /** Hubs that are counted each by itself; any more are counted together. Default 1,000. */
  maximumHubs: count(1_000),
  /** Whether billed messages are counted by method: looks for the target of each message. Default false. */
  methods: flag(false),
  /** Whether they are counted by user. Default false. */
  users: flag(false),
  /** Whether they are counted by group. Default false. */
  groups: flag(false),
  /** Methods, users and groups of one hub that are counted each by itself; any more are counted together. Default 1,000. */
  maximumNames: count(1_000),
  /** Milliseconds between two looks at what has changed, which is then written to the daily record: what a crash can lose. Default 1,000. */
  recordInterval: milliseconds(1_000),
  /** Days that daily records are kept. Default 400. */
  recordDays: count(400),
  /** Days that the history is kept: the points of the hours in memory, those of the minutes in the directory. Default 31. */
  historyDays: count(31),
};

export type MeteringSettings = Settings<typeof meteringOptions>;

/** What is counted of one hub by name; undefined where nothing is. */
export function hubNames({ methods, users, groups, maximumNames }: MeteringSettings): HubNames | undefined {
  if (!methods && !users && !groups) return undefined;
  const counts = (wanted: boolean): NameCounts | undefined => (wanted ? new NameCounts(maximumNames) : undefined);
  return { methods: counts(methods), users: counts(users), groups: counts(groups) };
}
