import { AccessTokens, MAX_TOKEN_LENGTH } from '../authentication/access-token.ts';
import { readKeptAccessKey } from '../authentication/access-key-file.ts';
import { parseServiceConnectionString, type ServiceEndpoint } from '../authentication/connection-string.ts';
import { randomId } from '../base/ids.ts';
import { hubName } from '../service/token-audience.ts';
import { urlOf } from './addresses.ts';
import { CliError, FAILED, USAGE } from './cli-error.ts';
import { parseCommandLine, type Flag } from './command-line.ts';
import { readConfiguration, type Configuration } from './configuration.ts';
import { hasGivenKeys, unusable } from './given-keys.ts';
import { checkOptions, type CheckedOptions } from './serve-options.ts';
import { allSettings } from './serve-settings.ts';
import { quoted } from './setting.ts';
import { claimsOf, millisecondsOf } from './token-claims.ts';

type Door = 'client' | 'server';

const flags: Readonly<Record<string, Flag>> = {
  hub: { type: 'string' },
  user: { type: 'string' },
  claim: { type: 'string', multiple: true },
  'server-id': { type: 'string' },
  lifetime: { type: 'string' },
  endpoint: { type: 'string' },
  url: { type: 'boolean' },
  json: { type: 'boolean' },
};

/** What a token is to be. */
interface Wish {
  readonly door: Door;
  readonly hub: string;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly serverId: string;
  readonly claims: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * What `signalbox token` prints. Undefined where it asks for help.
 *
 * @throws CliError that names everything that is wrong
 */
export async function tokenCommand([door, ...args]: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (door === '--help' || door === '-h') return undefined;
  if (door !== 'client' && door !== 'server') {
    throw new CliError(
      USAGE,
      'signalbox token: say for whom: signalbox token client or signalbox token server.\nSee signalbox token --help.',
    );
  }
  const line = parseCommandLine('token', args, allSettings, flags);
  if (line.flags['help'] === true) return undefined;
  const problems: string[] = [];
  const wish = wishOf(door, line.flags, problems);
  const configuration = await readConfiguration(line, environment);
  const checked = await checkOptions(configuration);
  problems.push(...checked.problems);
  if (checked.options === undefined || wish === undefined || problems.length > 0) throw wrong(problems);
  const endpoint = await endpointOf(checked.options, configuration, line.flags['endpoint']);
  return printed(wish, endpoint, line.flags);
}

function wishOf(door: Door, given: Readonly<Record<string, unknown>>, problems: string[]): Wish | undefined {
  const text = (flag: string): string | undefined => (typeof given[flag] === 'string' ? given[flag] : undefined);
  const hub = hubName(text('hub') ?? '');
  const lifetime = millisecondsOf(text('lifetime') ?? '1h');
  if (hub === undefined) {
    const said = text('hub') === undefined ? '--hub is missing' : `--hub is ${quoted(text('hub') ?? '')}`;
    problems.push(`${said}. Allowed: the name of a hub, a letter and then letters, digits and characters of _\`,.[].`);
  }
  if (lifetime === undefined) problems.push(`--lifetime is ${quoted(text('lifetime') ?? '')}. Allowed: a time such as 90s, 30m, 1h or 7d.`);
  for (const flag of door === 'client' ? ['server-id'] : ['user', 'claim']) {
    if (given[flag] !== undefined) problems.push(`--${flag} is not for a token of ${door === 'client' ? 'a client' : 'an app server'}.`);
  }
  const claims = claimsOf(text('user'), (given['claim'] ?? []) as readonly string[], problems);
  if (hub === undefined || lifetime === undefined) return undefined;
  return { door, hub, lifetime, claims, serverId: text('server-id') ?? randomId() };
}

/** The service as app servers know it. */
async function endpointOf(options: CheckedOptions, configuration: Configuration, given: unknown): Promise<ServiceEndpoint> {
  const { host, port, tls } = options;
  const family = host.includes(':') ? 'IPv6' : 'IPv4';
  const listening = urlOf({ address: host === 'localhost' ? '127.0.0.1' : host, family, port }, tls);
  const key = options.accessKeys[0] ?? (await keptKey(configuration));
  try {
    return parseServiceConnectionString(`Endpoint=${typeof given === 'string' ? given : listening};AccessKey=${key};Version=1.0;`);
  } catch {
    // The error is about a connection string that nobody wrote.
    throw wrong([
      `--endpoint is ${quoted(String(given))}. Allowed: an http or https address such as ${listening}, without user and query.`,
    ]);
  }
}

async function keptKey(configuration: Configuration): Promise<string> {
  const { named, values } = configuration;
  try {
    const kept = hasGivenKeys(configuration) ? undefined : await readKeptAccessKey(values.data ?? '');
    if (kept !== undefined) return kept.key;
  } catch (error) {
    throw wrong([unusable(named('data'), error as Error).message]);
  }
  throw wrong([`${named('data')}. There is no access key in it: start the service first, or say where its key is.`]);
}

async function printed(
  { door, hub, lifetime, serverId, claims }: Wish,
  endpoint: ServiceEndpoint,
  { json, url }: Readonly<Record<string, unknown>>,
): Promise<string> {
  const tokens = new AccessTokens(endpoint, { lifetime, algorithm: 'HS256' });
  const expires = new Date(Date.now() + lifetime);
  const token = door === 'client' ? await tokens.forClient(hub, claims) : await tokens.forServer(hub, serverId);
  if (door === 'client' && token.length > MAX_TOKEN_LENGTH) {
    throw wrong([
      `The token would have ${token.length} characters, and ${MAX_TOKEN_LENGTH} are the most for a client. Give it fewer claims.`,
    ]);
  }
  const address = `${door === 'client' ? endpoint.clientUrl : endpoint.serverUrl}${door}/?hub=${encodeURIComponent(hub)}`;
  if (json === true) return `${JSON.stringify({ url: address, token, expires: expires.toISOString() }, null, 2)}\n`;
  return url === true ? `${address}&access_token=${token}\n` : `${token}\n`;
}

function wrong(problems: readonly string[]): CliError {
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  return new CliError(FAILED, `signalbox token can't make one:${lines}\nSee signalbox token --help.`, problems);
}
