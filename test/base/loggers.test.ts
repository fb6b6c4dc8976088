import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/base/log.ts';
import { consoleLog, pinoLog } from '../../src/base/loggers.ts';

const failed = { id: 'x.failed', level: 'error', name: 'Failed', text: "Failed '{method}'.", about: '' } as const satisfies LogEvent;
const quiet = { ...failed, id: 'x.quiet', level: 'debug' } as const;

/** What is written to a stream, line by line. */
function lines(): { readonly stream: PassThrough; readonly read: () => readonly string[] } {
  const stream = new PassThrough({ encoding: 'utf8' });
  return { stream, read: () => ((stream.read() as string | null) ?? '').split('\n').filter((line) => line !== '') };
}

describe('pinoLog', () => {
  it('writes the id, the fields, the error and the text', () => {
    const { stream, read } = lines();
    pinoLog(pino({ base: null, timestamp: false }, stream))(failed, { method: 'a\nb', connectionId: 'c' }, new TypeError('no'));
    const [line = ''] = read();
    expect(JSON.parse(line)).toEqual({
      level: 50,
      event: 'x.failed',
      method: 'a\nb',
      connectionId: 'c',
      err: { type: 'TypeError', message: 'no', stack: expect.stringContaining('TypeError: no') as unknown },
      msg: "Failed 'a\\u000ab'.",
    });
  });

  it('has no error where there is none', () => {
    const { stream, read } = lines();
    pinoLog(pino({ base: null, timestamp: false }, stream))(failed, { method: 'a' });
    expect(JSON.parse(read()[0] ?? '')).toEqual({ level: 50, event: 'x.failed', method: 'a', msg: "Failed 'a'." });
  });

  it("writes what the logger's level lets through", () => {
    const { stream, read } = lines();
    const logger = pino({ level: 'info' }, stream);
    pinoLog(logger)(quiet, { method: 'a' });
    expect(read()).toEqual([]);
    logger.level = 'debug';
    pinoLog(logger)(quiet, { method: 'a' });
    expect(read()).toHaveLength(1);
  });

  it('makes no text that nobody reads', () => {
    const { stream } = lines();
    const method = {
      toString(): string {
        throw new Error('read');
      },
    } as unknown as string;
    expect(() => pinoLog(pino({ level: 'warn' }, stream))(quiet, { method })).not.toThrow();
  });
});

describe('consoleLog', () => {
  it('writes the text first, then the id, the fields and the error', () => {
    const { stream, read } = lines();
    consoleLog(new Console(stream, stream))(failed, { method: 'a' }, new TypeError('no'));
    const text = read().join(' ');
    expect(text).toMatch(/^Failed 'a'\. \{\s+event: 'x\.failed',\s+method: 'a',\s+error: TypeError: no/);
  });

  it('fits what is called like winston', () => {
    const calls: unknown[] = [];
    const level = (text: string, fields: object): object => calls.push([text, fields]) as unknown as object;
    consoleLog({ debug: level, info: level, warn: level, error: level })(quiet, { method: 'a' });
    expect(calls).toEqual([["Failed 'a'.", { event: 'x.quiet', method: 'a' }]]);
  });
});
