import { readFile } from 'node:fs/promises';
import { parseAccessKeys } from '../authentication/access-key-list.ts';
import type { Configuration } from './configuration.ts';

/**
 * The keys of the file, and then those of the setting: app servers can change from one to the other while both count. None where none are given,
 * and the service makes its own.
 *
 * @throws Error that says what is wrong, and shows no key
 */
export async function givenKeys({ values: { accessKey, accessKeyFile }, settings, named }: Configuration): Promise<readonly string[]> {
  const inFile = accessKeyFile === undefined ? [] : await keysIn(accessKeyFile, named('accessKeyFile'));
  if (accessKey === undefined) return inFile;
  // Without its value: it is a secret.
  const where =
    settings.get('accessKey')?.source === 'environment' ? 'in SIGNALBOX_ACCESS_KEY' : named('accessKey').replace(/.*\((.*)\)$/, '$1');
  return [...inFile, ...parseAccessKeys(accessKey, where)];
}

/** Whether the service is to make no key of its own. */
export const hasGivenKeys = ({ settings }: Configuration): boolean =>
  ['accessKey', 'accessKeyFile'].some((name) => settings.get(name)?.source !== 'default');

async function keysIn(file: string, named: string): Promise<readonly string[]> {
  let text;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw unusable(named, error as Error);
  }
  return parseAccessKeys(text, `in the file ${file}`);
}

const isCoded = (error: Error): boolean => 'code' in error && String(error.code).startsWith('SIGNALBOX_');

/** What is coded says what to do; an error of the file system does not say which setting it is about. */
export const unusable = (named: string, error: Error): Error =>
  isCoded(error) ? error : new Error(`${named}. It can't be used: ${error.message}.`);
