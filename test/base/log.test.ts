import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { type FieldsOf, logText, standardError, type LogEvent } from '../../src/base/log.ts';

const event = { id: 'x.y', level: 'warn', name: 'Y', text: "{a} of '{b}'.", about: '' } as const satisfies LogEvent;

afterEach(() => vi.restoreAllMocks());

function written(write: () => void): string {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  write();
  return text;
}

describe('the text of an event', () => {
  it('has its fields filled in', () => {
    expect(logText(event, { a: 1, b: 'c', more: true })).toBe("1 of 'c'.");
  });

  it('is taken literally, and shows a field that is missing', () => {
    expect(logText(event, { a: '$& {b}' })).toBe("$& {b} of '{b}'.");
  });

  it('names the fields that have to be there', () => {
    expectTypeOf<FieldsOf<typeof event>>().toExtend<{ readonly a: string | number | boolean; readonly b: string | number | boolean }>();
    // @ts-expect-error b is missing
    const fields: FieldsOf<typeof event> = { a: 1 };
    expect(fields).toEqual({ a: 1 });
  });
});

describe('standardError', () => {
  it('writes an event with its fields and the error on one line', () => {
    const text = written(() => standardError(event, { a: 1, b: 'c', connectionId: 'd' }, new TypeError('no')));
    expect(text).toBe("signalbox warn x.y: 1 of 'c'. a=1 b=c connectionId=d (TypeError: no)\n");
  });

  it('keeps what a client chose on its line, and short', () => {
    const text = written(() => standardError(event, { a: 1, b: 'x\nsignalbox error forged\u2028\u0085\x1b[31m' }, new Error('a\r\nb')));
    expect(text.match(/[\u0000-\u001f\u0085\u2028]/g)).toEqual(['\n']);
    expect(text).toContain('x\\u000asignalbox error forged\\u2028\\u0085\\u001b[31m');
    expect(written(() => standardError(event, { a: 1, b: 'x'.repeat(100_000) })).length).toBeLessThan(2_200);
  });

  it.each(['debug', 'info'] as const)('leaves %s out', (level) => {
    expect(written(() => standardError({ ...event, level }, { a: 1, b: 2 }))).toBe('');
  });
});
