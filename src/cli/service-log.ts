import { logLine, logText, type Log, type LogEvent, type LogFields, type LogLevel } from '../base/log.ts';
import { withoutSecrets } from './redaction.ts';

export type LogFormat = 'text' | 'json';

/** What is logged, and how. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

const weights: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** The log of `signalbox serve`: one line for each event, with the time. Level, format and secrets can be changed while it is used. */
export class ServiceLog {
  settings: LogSettings;
  /** Texts that no line may have. */
  secrets: readonly string[];
  readonly #write: (line: string) => void;

  constructor(settings: LogSettings, secrets: readonly string[], write: (line: string) => void) {
    this.settings = settings;
    this.secrets = secrets;
    this.#write = write;
  }

  readonly log: Log = (event, fields, error) => {
    const { level, format } = this.settings;
    if (weights[event.level] < weights[level]) return;
    const time = new Date().toISOString();
    const line = format === 'json' ? jsonLine(time, event, fields, error) : `${time} ${logLine(event, fields, error)}`;
    this.#write(`${withoutSecrets(line, this.secrets)}\n`);
  };
}

function jsonLine(time: string, event: LogEvent, fields: LogFields, error: unknown): string {
  const { level, id, name } = event;
  return JSON.stringify({
    time,
    level,
    id,
    name,
    message: logText(event, fields),
    fields,
    ...(error !== undefined && { error: told(error) }),
  });
}

function told(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined;
  return { name, message, ...(code !== undefined && { code }), ...(stack !== undefined && { stack }) };
}
