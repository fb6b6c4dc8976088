import type { LogEvent } from '../base/log.ts';

/** What a service has to say to operators about what it keeps of its counts. */
export const meteringEvents = {
  writeFailed: {
    id: 'metering.write-failed',
    level: 'warn',
    name: 'WriteFailed',
    text: "Nothing can be written to '{path}': {reason}. Further failures are not logged until it works again.",
    about:
      'The disk is full, the directory is gone or not ours, or the like. The service goes on, and counts on: the next write that works has everything that those before it had. What is lost is what was counted since the last one that worked, if the process ends before.',
  },
  writeWorks: {
    id: 'metering.write-works',
    level: 'info',
    name: 'WriteWorks',
    text: "Writing to '{path}' works again.",
    about: 'Nothing was lost.',
  },
  readFailed: {
    id: 'metering.read-failed',
    level: 'warn',
    name: 'ReadFailed',
    text: "What was kept in '{path}' can't be read: {reason}. It is left as it is.",
    about: 'The others count.',
  },
  linesSkipped: {
    id: 'metering.lines-skipped',
    level: 'warn',
    name: 'LinesSkipped',
    text: "{lines} lines of '{path}' are not of a history. They are skipped.",
    about: 'The last one is half a line where the service was killed while it wrote.',
  },
  recordDropped: {
    id: 'metering.record-dropped',
    level: 'error',
    name: 'RecordDropped',
    text: "The record of {day} was never written to '{path}', and is given up.",
    about: 'Nothing could be written for so long that too much waited in memory.',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
