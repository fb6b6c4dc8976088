export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One thing worth saying, declared once in a table beside the code that says it. */
export interface LogEvent {
  /** Stable: dashboards and alerts may look for it. */
  readonly id: string;
  readonly level: LogLevel;
  readonly text: string;
}

/** What is logged with an event: small values, never payloads or tokens. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where log events go: `console`-like sinks are a line of code away. Must not throw. */
export type Log = (event: LogEvent, fields: LogFields, error?: unknown) => void;

export const silent: Log = () => {};

/** Writes warnings and errors to standard error, one line each. */
export const standardError: Log = (event, fields, error) => {
  if (event.level !== 'warn' && event.level !== 'error') return;
  const details = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`);
  const cause = error instanceof Error ? ` (${error.name}: ${error.message})` : '';
  process.stderr.write(`signalbox ${event.level} ${event.id}: ${event.text}${details.join('')}${cause}\n`);
};
