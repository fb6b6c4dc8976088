import { logText, type Log, type LogLevel } from './log.ts';

/** A logger that takes fields before the text: pino, bunyan. */
export type FieldsFirstLogger = Readonly<Record<LogLevel, (fields: object, text: string) => void>> & {
  readonly isLevelEnabled?: (level: string) => boolean;
};

/** A logger that takes the text before the fields: winston, `console`. */
export type TextFirstLogger = Readonly<Record<LogLevel, (text: string, fields: object) => void>>;

/**
 * Log events to pino, and to what is called alike: `new SignalR({ log: pinoLog(pino()) })`. The event's id is the field `event`, an error
 * is `err`, and the logger decides by its level what is written.
 */
export function pinoLog(logger: FieldsFirstLogger): Log {
  return (event, fields, error) => {
    if (logger.isLevelEnabled?.(event.level) === false) return;
    logger[event.level]({ event: event.id, ...fields, ...(error !== undefined && { err: error }) }, logText(event, fields));
  };
}

/** The same to winston, `console`, and to what is called alike. An error is the field `error`. */
export function consoleLog(logger: TextFirstLogger): Log {
  return (event, fields, error) => {
    logger[event.level](logText(event, fields), { event: event.id, ...fields, ...(error !== undefined && { error }) });
  };
}
