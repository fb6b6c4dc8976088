import { Redis } from 'ioredis';
import { until } from '../../redis/farm.ts';
import type { Side, WireEvent } from './transcript.ts';

interface Command {
  readonly source: string;
  readonly args: readonly string[];
}

/** What servers say to a Redis, in the order in which it takes it: from `MONITOR`, which subscribes to nothing, and so is not counted. */
export class Traffic {
  readonly #client: Redis;
  readonly #monitor: Redis;
  readonly #commands: Command[] = [];
  /** Which side each connection is of, by its address. */
  readonly #sides = new Map<string, Side>();

  constructor(client: Redis, monitor: Redis) {
    this.#client = client;
    this.#monitor = monitor;
    monitor.on('monitor', (_: string, args: string[], source: string) => this.#commands.push({ source, args: args.map(unescaped) }));
  }

  static async of(redisUrl: string): Promise<Traffic> {
    const client = new Redis(redisUrl);
    // Whatever is said while it begins to monitor can be taken for the answer to that.
    await client.ping();
    return new Traffic(client, await client.monitor());
  }

  /** Learns which connections there are: those of each side have its name, or one that is given for it. */
  async identify(names: Readonly<Record<string, Side>> = { ours: 'ours', theirs: 'theirs' }): Promise<void> {
    for (const line of String(await this.#client.client('LIST')).split('\n')) {
      const [, address = '', name = ''] = / addr=(\S+) .* name=(\S*)/.exec(line) ?? [];
      const side = names[name];
      if (side !== undefined) this.#sides.set(address, side);
    }
  }

  /** All so far, without what no hub is concerned with. */
  get events(): readonly WireEvent[] {
    return this.#commands.flatMap(({ source, args: [name = '', ...args] }): readonly WireEvent[] => {
      // Scripts have no address, and the other kind of server runs none.
      const server = source === 'lua' ? 'ours' : this.#sides.get(source);
      if (server === undefined) return [];
      switch (name.toLowerCase()) {
        case 'publish':
          return [{ server, publishes: args[1] ?? '', on: utf8(args[0]) }];
        case 'subscribe':
          return args.map((channel) => ({ server, subscribes: utf8(channel) })).filter(ofHubs);
        case 'unsubscribe':
          return args.map((channel) => ({ server, unsubscribes: utf8(channel) })).filter(ofHubs);
        default:
          return [];
      }
    });
  }

  /** Waits until what was said to Redis up to now is among the events. */
  async flush(): Promise<void> {
    const fence = `${this.#commands.length} ${performance.now()}`;
    await this.#client.echo(fence);
    await until(
      () => this.#commands.some(({ args }) => args[1] === fence),
      () => 'MONITOR is late.',
    );
  }

  close(): void {
    this.#monitor.disconnect();
    this.#client.disconnect();
  }
}

/** StackExchange.Redis has a channel of its own. */
function ofHubs(event: { readonly subscribes?: string; readonly unsubscribes?: string }): boolean {
  return !/Booksleeve/.test(event.subscribes ?? event.unsubscribes ?? '');
}

const utf8 = (bytes = ''): string => Buffer.from(bytes, 'latin1').toString();

const named: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b' };

/** The bytes of an argument, which `MONITOR` shows in printable characters. */
function unescaped(shown: string): string {
  return shown.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (named[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
