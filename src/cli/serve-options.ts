import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { keptAccessKey } from '../authentication/access-key-file.ts';
import { parseAccessKeys } from '../authentication/access-key-list.ts';
import { isLoopbackHost } from '../base/loopback.ts';
import type { ServiceCloseOptions } from '../service/close-options.ts';
import { CliError, FAILED, USAGE } from './cli-error.ts';
import { serveSettings, type StatusPageAudience } from './serve-settings.ts';
import { readSettings, type Reading, type Setting } from './setting.ts';

/** How the service is to be run. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** At least one; the first is for connection strings. */
  readonly accessKeys: readonly string[];
  /** Where the key is kept, if it was made here rather than given. */
  readonly keyFile?: string;
  readonly statusPage: StatusPageAudience;
  /** Whether a client's header `X-Forwarded-For` is believed. */
  readonly trustForwardedFor: boolean;
  /** How it stops. */
  readonly stop: ServiceCloseOptions;
}

const flags = Object.fromEntries(
  Object.values<Setting<unknown>>(serveSettings).flatMap(({ flag, switch: alone }) =>
    flag === undefined ? [] : [[flag, { type: alone === true ? ('boolean' as const) : ('string' as const) }]],
  ),
);

/**
 * Reads what `signalbox serve` was given. Undefined where it asks for help.
 *
 * @throws CliError that names everything that is wrong
 */
export async function readServeOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<ServeOptions | undefined> {
  const given = parse(args);
  if (given['help'] === true) return undefined;
  const reading = readSettings(serveSettings, given, environment);
  const problems = [...reading.problems];
  const noted = <Value>(value: Value | Error): Value | undefined => {
    if (value instanceof Error) problems.push(value.message);
    return value instanceof Error ? undefined : value;
  };
  const keys = noted(await givenKeys(reading)) ?? [];
  const { host, port, data, accessKey, accessKeyFile, statusPage, trustForwardedFor } = reading.values;
  const wantsOwn = accessKey !== undefined || accessKeyFile !== undefined;
  if (host !== undefined && !wantsOwn && !isLoopbackHost(host)) problems.push(needsKey(reading.named('host')));
  // Nothing is made for a start that fails.
  if (problems.length > 0 || host === undefined || port === undefined || statusPage === undefined || data === undefined)
    throw wrong(problems);
  const { shutdownDelay: delay = 0, shutdownTimeout: timeout = 0, shutdownSpread: closeSpread = 0 } = reading.values;
  const stop = { delay, timeout, closeSpread };
  const options = { host, port, statusPage, trustForwardedFor: trustForwardedFor === true, stop };
  if (keys.length > 0) return { ...options, accessKeys: keys };
  const kept = noted(await keptAccessKey(data).catch((error: Error) => unusable(reading.named('data'), error)));
  if (kept === undefined) throw wrong(problems);
  return { ...options, accessKeys: [kept.key], keyFile: kept.file };
}

function parse(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  try {
    return parseArgs({ args: [...args], options: { ...flags, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    throw new CliError(USAGE, `signalbox serve: ${(error as Error).message}\nSee signalbox serve --help.`);
  }
}

/** The keys of the file, and then those of the environment: app servers can change from one to the other while both count. */
async function givenKeys({
  values: { accessKey, accessKeyFile },
  named,
}: Reading<typeof serveSettings>): Promise<readonly string[] | Error> {
  try {
    const text = accessKeyFile === undefined ? undefined : await readFile(accessKeyFile, 'utf8');
    return [
      ...(text === undefined ? [] : parseAccessKeys(text, `in the file ${accessKeyFile}`)),
      ...(accessKey === undefined ? [] : parseAccessKeys(accessKey, 'in SIGNALBOX_ACCESS_KEY')),
    ];
  } catch (error) {
    return isCoded(error) ? (error as Error) : unusable(named('accessKeyFile'), error as Error);
  }
}

function needsKey(named: string): string {
  return `${named}. Allowed with a key that the service makes for itself: localhost and addresses such as 127.0.0.1 and ::1. For others give a key of your own: SIGNALBOX_ACCESS_KEY or --access-key-file.`;
}

function wrong(problems: readonly string[]): CliError {
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  return new CliError(FAILED, `signalbox serve can't start:${lines}\nSee signalbox serve --help.`);
}

const isCoded = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('SIGNALBOX_');

/** What is coded says what to do; an error of the file system does not say which setting it is about. */
const unusable = (named: string, error: Error): Error =>
  isCoded(error) ? error : new Error(`${named}. It can't be used: ${error.message}.`);
