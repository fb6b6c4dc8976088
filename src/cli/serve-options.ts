import { keptAccessKey } from '../authentication/access-key-file.ts';
import { isLoopbackHost } from '../base/loopback.ts';
import type { ServiceCloseOptions } from '../service/close-options.ts';
import type { ReplaceableOptions } from '../service/service.ts';
import { CliError, FAILED } from './cli-error.ts';
import { parseCommandLine } from './command-line.ts';
import { readConfiguration, type Configuration } from './configuration.ts';
import { givenKeys, hasGivenKeys, unusable } from './given-keys.ts';
import { nestedOptions } from './option-settings.ts';
import { allSettings, type StatusPageAudience } from './serve-settings.ts';
import type { LogSettings } from './service-log.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

/** How the service is to be run. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** The directory of what the service keeps. */
  readonly data: string;
  /** At least one; the first is for connection strings. */
  readonly accessKeys: readonly string[];
  /** Where the key is kept, if it was made here rather than given. */
  readonly keyFile?: string;
  /** Undefined: http. */
  readonly tls?: TlsFiles;
  readonly statusPage: StatusPageAudience;
  /** Who is shown the metrics. */
  readonly metrics: StatusPageAudience;
  readonly log: LogSettings;
  /** How it stops. */
  readonly stop: ServiceCloseOptions;
  /** The options of the service. */
  readonly service: ReplaceableOptions;
  /** What all this was read of. */
  readonly configuration: Configuration;
}

/** What is all right as it was read: all but a key that is still to be made. */
export type CheckedOptions = Omit<ServeOptions, 'keyFile'>;

/**
 * Reads what `signalbox serve` was given. Undefined where it asks for help.
 *
 * @throws CliError that names everything that is wrong
 */
export async function readServeOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<ServeOptions | undefined> {
  const line = parseCommandLine('serve', args, allSettings);
  if (line.flags['help'] === true) return undefined;
  const configuration = await readConfiguration(line, environment);
  const { options, problems } = await checkOptions(configuration);
  // Nothing is made for a start that fails.
  if (options === undefined) throw wrong(problems);
  if (hasGivenKeys(configuration)) return options;
  try {
    const kept = await keptAccessKey(configuration.values.data ?? '');
    return { ...options, accessKeys: [kept.key], keyFile: kept.file };
  } catch (error) {
    throw wrong([unusable(configuration.named('data'), error as Error).message]);
  }
}

/** Reads the files that settings name, and checks what they say together. No options where something is wrong. */
export async function checkOptions(
  configuration: Configuration,
): Promise<{ readonly options: CheckedOptions | undefined; readonly problems: readonly string[] }> {
  const problems = [...configuration.problems];
  const { values, settings, named } = configuration;
  const accessKeys = await givenKeys(configuration).catch((error: Error) => {
    problems.push(error.message);
    return [];
  });
  const tls = await tlsOf(configuration, problems);
  const { host, port, data, statusPage, metrics, trustForwardedFor = false, logLevel: level, logFormat: format } = values;
  if (host !== undefined && !hasGivenKeys(configuration) && !isLoopbackHost(host)) problems.push(needsKey(named('host')));
  const missing = host === undefined || port === undefined || data === undefined || statusPage === undefined || metrics === undefined;
  if (problems.length > 0 || missing || level === undefined || format === undefined) return { options: undefined, problems };
  const { service, clients } = nestedOptions(new Map([...settings].map(([name, { value }]) => [name, value])));
  const log = { level, format };
  const { shutdownDelay: delay = 0, shutdownTimeout: timeout = 0, shutdownSpread: closeSpread = 0 } = values;
  const stop = { delay, timeout, closeSpread };
  const options = { ...service, trustForwardedFor, clients };
  const shown = { statusPage, metrics };
  return { options: { host, port, data, accessKeys, ...shown, log, stop, service: options, ...(tls && { tls }), configuration }, problems };
}

async function tlsOf({ values, named }: Configuration, problems: string[]): Promise<TlsFiles | undefined> {
  const { tlsCert, tlsKey } = values;
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    const [given, missing] = tlsCert === undefined ? (['tlsKey', '--tls-cert'] as const) : (['tlsCert', '--tls-key'] as const);
    problems.push(`${named(given)}. It takes ${missing}, too: TLS has a certificate and its key.`);
    return undefined;
  }
  const files = await readTlsFiles({ file: tlsCert, named: named('tlsCert') }, { file: tlsKey, named: named('tlsKey') });
  if ('cert' in files) return files;
  problems.push(...files);
  return undefined;
}

function needsKey(named: string): string {
  return `${named}. Allowed with a key that the service makes for itself: localhost and addresses such as 127.0.0.1 and ::1. For others give a key of your own: SIGNALBOX_ACCESS_KEY or --access-key-file.`;
}

function wrong(problems: readonly string[]): CliError {
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  return new CliError(FAILED, `signalbox serve can't start:${lines}\nSee signalbox serve --help.`, problems);
}
