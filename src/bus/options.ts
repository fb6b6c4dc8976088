import { milliseconds, readOptions, type Given, type Option, type Settings } from '../base/option-table.ts';

const subjectPrefix: Option<string> = {
  byDefault: 'signalbox',
  expected: 'at most 32 letters, digits, - and _',
  accepts: (value) => typeof value === 'string' && /^[\w-]{1,32}$/.test(value),
};

/**
 * How servers meet over a bus. The types of options and settings, the check of what users give, and docs/options.md are made of this
 * table.
 */
export const busOptions = {
  /** The first part of every subject. Farms that share a bus are told apart by it. Default signalbox. */
  subjectPrefix,
  /** Milliseconds that a join or a new client waits for its subscription. Default 5,000. */
  subscribeTimeout: milliseconds(5_000),
  /** Milliseconds to wait until another server has put its connection into a group, or taken it out. Default 30,000. */
  ackTimeout: milliseconds(30_000),
  /** Milliseconds between two messages by which a server says that it is there. Default 3,000. */
  heartbeatInterval: milliseconds(3_000),
  /** Milliseconds of silence after which a server counts as gone, and what was asked of its clients fails. Default 10,000. */
  serverTimeout: milliseconds(10_000),
};

/** How servers meet over a bus. */
export type BusOptions = Given<typeof busOptions>;

/** Every option with its value. */
export type BusSettings = Settings<typeof busOptions>;

/** @throws SignalboxError SIGNALBOX_INVALID_OPTION for a value that the option does not take */
export function busSettings(options: BusOptions): BusSettings {
  return readOptions(busOptions, [options]);
}
