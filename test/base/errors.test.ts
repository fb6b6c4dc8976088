import { describe, expect, it } from 'vitest';
import { codedError, describe as shown, errorTable, SignalboxError, type ErrorCode } from '../../src/base/errors.ts';

const codes = Object.keys(errorTable) as ErrorCode[];

/** docs/errors.md, as the table has it. */
function page(): string {
  const entries = codes.map((code) => {
    const { text, remedy } = errorTable[code];
    return `## ${code}\n\n${text}\n\nWhat to do: ${remedy}\n`;
  });
  return `# Errors

Every error that Signalbox itself finds is a \`SignalboxError\` with one of these codes in \`code\`. A code is stable, its words
are not. What stands in braces is filled in. (Errors that clients see are \`HubError\`s and have no code.)

${entries.join('\n')}`;
}

describe('the table of coded errors', () => {
  it('is what docs/errors.md lists', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/errors.md');
  });

  it.each(codes)('%s says what was wrong and what to do, in sentences', (code) => {
    const { text, remedy } = errorTable[code];
    expect(code).toMatch(/^SIGNALBOX(_[A-Z]+)+$/);
    for (const sentence of [text, remedy]) expect(sentence).toMatch(/^[A-Z{].*[.}]$/s);
  });
});

describe('codedError', () => {
  it('fills in what both texts name', () => {
    const error = codedError('SIGNALBOX_INVALID_OPTION', { option: 'keepAliveInterval', given: '-1', expected: 'milliseconds above 0' });
    expect(error).toBeInstanceOf(SignalboxError);
    expect(error.name).toBe('SignalboxError');
    expect(error.code).toBe('SIGNALBOX_INVALID_OPTION');
    expect(error.message).toBe('The option keepAliveInterval is -1. Expected milliseconds above 0.');
  });

  it('fills in every place of a field, and takes its value as it is', () => {
    const error = codedError('SIGNALBOX_INVALID_PATH', { path: '$& {reason}', reason: 'no' });
    expect(error.message).toContain("The path '$& {reason}' can't be mapped: no.");
  });

  it('keeps the cause', () => {
    const cause = new TypeError('cyclic');
    const error = codedError('SIGNALBOX_NOT_SERIALISABLE', { what: 'The result', reason: 'cyclic' }, { cause });
    expect(error.cause).toBe(cause);
  });

  it('asks for the fields of its code', () => {
    // @ts-expect-error the timeout is missing
    codedError('SIGNALBOX_CLIENT_RESULT_TIMEOUT', { connectionId: 'a', method: 'b' });
    // @ts-expect-error there is no such field
    codedError('SIGNALBOX_UNKNOWN_CONNECTION', { connectionId: 'a', user: 'b' });
    // @ts-expect-error there is no such code
    expect(() => codedError('SIGNALBOX_NO_SUCH_CODE', {})).toThrow(TypeError);
  });
});

describe('describe', () => {
  it.each([
    ['text', "'text'"],
    ['x'.repeat(81), `'${'x'.repeat(80)}…'`],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [false, 'false'],
    [() => 1, 'a function'],
    [Symbol('secret'), 'a symbol'],
    [1n, 'a bigint'],
    [['secret'], 'an array'],
    [{ secret: true }, 'an object'],
  ])('shows %o in a few words', (value, words) => {
    expect(shown(value)).toBe(words);
  });
});
