import { parseArgs } from 'node:util';

const MOST_SERVERS = 16;
const HIGHEST_PORT = 65_535;

/** Hosts that no other machine reaches. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** How the demo is started: with the service, or as a farm of hub servers without one. */
export type Settings = ServiceSettings | FarmSettings;

export interface ServiceSettings {
  readonly hub: false;
  readonly host: string;
  /** Of the service; the chat takes one behind it. 0 picks free ones. */
  readonly port: number;
  /** Without any, one is made. */
  readonly accessKeys: readonly string[];
}

export interface FarmSettings {
  readonly hub: true;
  readonly host: string;
  /** Of the first server; the others are at those behind it. 0 picks free ones. */
  readonly port: number;
  readonly servers: number;
  readonly redisUrl?: string;
}

/** What is wrong with how the demo was started: a code, what it is, and what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Reads `--hub` and `--servers`, and the environment's `PORT`, `HOST`, `REDIS_URL` and `SIGNALBOX_ACCESS_KEY`.
 *
 * @throws StartError
 */
export function readSettings(args: readonly string[], environment: NodeJS.ProcessEnv): Settings {
  const { hub, servers } = readArguments(args);
  if (hub) return readFarmSettings(environment, serversOf(servers ?? '1'));
  if (servers !== undefined)
    throw new StartError('CHAT_SERVERS', `Only hub servers can be several: npm start -- --hub --servers ${servers}`);
  return readServiceSettings(environment);
}

/**
 * Reads the environment of servers without a service.
 *
 * @throws StartError
 */
export function readFarmSettings(environment: NodeJS.ProcessEnv, servers: number): FarmSettings {
  const port = portOf(environment);
  if (port + servers - 1 > HIGHEST_PORT)
    throw new StartError('CHAT_PORT', `${servers} servers from port ${port} on are more than there are ports. Choose a lower PORT.`);
  const redisUrl = environment['REDIS_URL'] || undefined;
  if (redisUrl !== undefined && !(/^rediss?:\/\//.test(redisUrl) && URL.canParse(redisUrl)))
    throw new StartError('CHAT_REDIS_URL', 'REDIS_URL is to begin with redis:// or rediss://, as in redis://127.0.0.1:6379.');
  if (servers > 1 && redisUrl === undefined)
    throw new StartError(
      'CHAT_REDIS_URL_MISSING',
      `${servers} servers need a Redis that joins them. Start one, and say where it is: REDIS_URL=redis://127.0.0.1:6379 npm start -- --hub --servers ${servers}`,
    );
  return { hub: true, host: hostOf(environment), port, servers, ...(redisUrl !== undefined && { redisUrl }) };
}

function readServiceSettings(environment: NodeJS.ProcessEnv): ServiceSettings {
  const host = hostOf(environment);
  const accessKeys = (environment['SIGNALBOX_ACCESS_KEY'] ?? '').split(/[\s,]+/).filter((key) => key !== '');
  if (accessKeys.length === 0 && !LOOPBACK.test(host))
    throw new StartError(
      'CHAT_HOST',
      `HOST is '${host}', which other machines may reach. Leave it out, or give the service a key of your own by SIGNALBOX_ACCESS_KEY: the demo's is for this machine only.`,
    );
  return { hub: false, host, port: portOf(environment), accessKeys };
}

const hostOf = (environment: NodeJS.ProcessEnv): string => environment['HOST'] || '127.0.0.1';

function portOf(environment: NodeJS.ProcessEnv): number {
  const port = Number(environment['PORT'] || 8888);
  if (!Number.isInteger(port) || port < 0 || port > HIGHEST_PORT)
    throw new StartError('CHAT_PORT', `PORT is to be a number from 0 to ${HIGHEST_PORT}, not '${environment['PORT']}'.`);
  return port;
}

function serversOf(given: string): number {
  const servers = Number(given);
  if (!Number.isInteger(servers) || servers < 1 || servers > MOST_SERVERS)
    throw new StartError('CHAT_SERVERS', `--servers is to be a whole number from 1 to ${MOST_SERVERS}, not '${given}'.`);
  return servers;
}

function readArguments(args: readonly string[]): { readonly hub: boolean; readonly servers: string | undefined } {
  try {
    const { values } = parseArgs({ args: [...args], options: { hub: { type: 'boolean', default: false }, servers: { type: 'string' } } });
    return { hub: values.hub, servers: values.servers };
  } catch (error) {
    throw new StartError('CHAT_ARGUMENTS', `${(error as Error).message} There are two options: --hub and --servers <n>.`);
  }
}
