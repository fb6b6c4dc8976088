import { parseArgs } from 'node:util';

const MOST_SERVERS = 16;
const HIGHEST_PORT = 65_535;

/** How the demo is started. */
export interface Settings {
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
 * Reads `--servers` and the environment's `PORT`, `HOST` and `REDIS_URL`.
 *
 * @throws StartError
 */
export function readSettings(args: readonly string[], environment: NodeJS.ProcessEnv): Settings {
  const servers = serversOf(args);
  const port = Number(environment['PORT'] || 8888);
  if (!Number.isInteger(port) || port < 0 || port > HIGHEST_PORT)
    throw new StartError('CHAT_PORT', `PORT is to be a number from 0 to ${HIGHEST_PORT}, not '${environment['PORT']}'.`);
  if (port + servers - 1 > HIGHEST_PORT)
    throw new StartError('CHAT_PORT', `${servers} servers from port ${port} on are more than there are ports. Choose a lower PORT.`);
  const redisUrl = environment['REDIS_URL'] || undefined;
  if (redisUrl !== undefined && !(/^rediss?:\/\//.test(redisUrl) && URL.canParse(redisUrl)))
    throw new StartError('CHAT_REDIS_URL', 'REDIS_URL is to begin with redis:// or rediss://, as in redis://127.0.0.1:6379.');
  if (servers > 1 && redisUrl === undefined)
    throw new StartError(
      'CHAT_REDIS_URL_MISSING',
      `${servers} servers need a Redis that joins them. Start one, and say where it is: REDIS_URL=redis://127.0.0.1:6379 npm start -- --servers ${servers}`,
    );
  return { host: environment['HOST'] || '127.0.0.1', port, servers, ...(redisUrl !== undefined && { redisUrl }) };
}

function serversOf(args: readonly string[]): number {
  const given = readArguments(args);
  const servers = Number(given);
  if (!Number.isInteger(servers) || servers < 1 || servers > MOST_SERVERS)
    throw new StartError('CHAT_SERVERS', `--servers is to be a whole number from 1 to ${MOST_SERVERS}, not '${given}'.`);
  return servers;
}

function readArguments(args: readonly string[]): string {
  try {
    const { values } = parseArgs({ args: [...args], options: { servers: { type: 'string', default: '1' } } });
    return values.servers;
  } catch (error) {
    throw new StartError('CHAT_ARGUMENTS', `${(error as Error).message} There is one option: --servers <n>.`);
  }
}
