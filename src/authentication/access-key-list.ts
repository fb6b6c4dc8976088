import { codedError } from '../base/errors.ts';
import { LEAST_ACCESS_KEY } from './access-keys.ts';

/** Characters. */
const LONGEST = 1024;

/** What can stand in a connection string, and in a list of keys. */
const KEY = /^[\x21-\x2b\x2d-\x3a\x3c-\x7e]+$/;

/**
 * The access keys in a text, between white space or commas. A key is 32 to 1,024 printable ASCII characters without `,` and `;`.
 *
 * @param where - says where the text is from, for the error: `in the file keys.txt`
 * @throws SignalboxError SIGNALBOX_ACCESS_KEY, which shows no key
 */
export function parseAccessKeys(text: string, where: string): readonly string[] {
  const keys = text.split(/[\s,]+/).filter((key) => key !== '');
  if (keys.length === 0) throw invalid(where, 'is missing');
  for (const key of keys) {
    if (key.length < LEAST_ACCESS_KEY) throw invalid(where, `has ${key.length} characters, and ${LEAST_ACCESS_KEY} are the least`);
    if (key.length > LONGEST) throw invalid(where, `has ${key.length} characters, and ${LONGEST} are the most`);
    if (!KEY.test(key)) throw invalid(where, 'has characters that no key can have');
  }
  return keys;
}

const invalid = (where: string, problem: string): Error => codedError('SIGNALBOX_ACCESS_KEY', { where, problem });
