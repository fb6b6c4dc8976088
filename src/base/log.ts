import { fill, type FieldsIn } from './template.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One thing worth saying, declared once in a table of its floor. docs/log-events.md is made of these tables. */
export interface LogEvent {
  /** Stable: dashboards and alerts may look for it. */
  readonly id: string;
  readonly level: LogLevel;
  /** The reference server's `EventName` where it has the event; else ours, in its style. */
  readonly name: string;
  /** What is said, in the reference server's words where it has the event. `{field}` is filled in with what is logged with it. */
  readonly text: string;
  /** What has happened, where the text does not say it all. */
  readonly about: string;
  /** Whether the reference server has the event. */
  readonly reference?: true;
}

/** What is logged with an event: small values, never payloads or tokens. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What has to be logged with an event: whatever its text names, and more. */
export type FieldsOf<Event extends LogEvent> = LogFields & Readonly<Record<FieldsIn<Event['text']>, string | number | boolean>>;

/** Where log events go: `pinoLog(logger)`, `consoleLog(console)`, or a function of one's own. Must not throw. */
export type Log = <Event extends LogEvent>(event: Event, fields: FieldsOf<Event>, error?: unknown) => void;

export const silent: Log = () => {};

/** Writes warnings and errors to standard error, one line each. */
export const standardError: Log = (event, fields, error) => {
  if (event.level !== 'warn' && event.level !== 'error') return;
  process.stderr.write(`signalbox ${logLine(event, fields, error)}\n`);
};

/** An event with all that is logged with it, on one line. */
export function logLine(event: LogEvent, fields: LogFields, error?: unknown): string {
  const details = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(String(value))}`);
  const cause = error instanceof Error ? plain(` (${error.name}: ${error.message})`) : '';
  return `${event.level} ${event.id}: ${logText(event, fields)}${details.join('')}${cause}`;
}

/** The text of an event with its fields filled in, on one line. */
export function logText(event: LogEvent, fields: LogFields): string {
  return event.text.includes('{') ? plain(fill(event.text, fields)) : event.text;
}

const LONGEST = 1_000;

/** As it can stand in a log of lines: what a client chose must not begin a line of its own, or fill the log. */
function plain(text: string): string {
  const safe = text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST)}…` : safe;
}
