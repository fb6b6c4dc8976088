import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { LogEvent, LogFields } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import type { Backplane, BackplaneContext } from '../../src/backplane/backplane.ts';
import type { HubProtocol } from '../../src/protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { redis, type RedisBackplaneFactory, type RedisClientFactory, type RedisOptions } from '../../src/redis.ts';

const bothProtocols: readonly HubProtocol[] = [new JsonHubProtocol(), new MessagePackHubProtocol()];

export interface FarmSurroundings {
  readonly clock?: Clock;
  readonly protocols?: readonly HubProtocol[];
}

export interface Logged {
  readonly event: LogEvent;
  readonly fields: LogFields;
  readonly error: unknown;
}

/** Backplanes in this process, each as a server of its own has it. */
export class Farm {
  readonly logged: Logged[] = [];
  readonly #where: string | RedisClientFactory;
  readonly #options: RedisOptions;
  readonly #clock: Clock;
  readonly #protocols: readonly HubProtocol[];
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(
    where: string | RedisClientFactory,
    options: RedisOptions = {},
    { clock = systemClock, protocols = bothProtocols }: FarmSurroundings = {},
  ) {
    this.#where = where;
    this.#options = options;
    this.#clock = clock;
    this.#protocols = protocols;
  }

  /** As many servers, each connected. */
  async servers(count: number, hub = 'Test.Hub'): Promise<readonly Backplane[]> {
    const servers = Array.from({ length: count }, () => this.start(hub));
    await Promise.all(servers.map(({ factory }) => connected(factory)));
    return servers.map(({ backplane }) => backplane);
  }

  /** One server, which may not be connected yet. */
  start(hub = 'Test.Hub'): { readonly backplane: Backplane; readonly factory: RedisBackplaneFactory } {
    const wheel = new TimerWheel(this.#clock);
    const context: BackplaneContext = {
      protocols: this.#protocols,
      wheel,
      log: (event, fields, error) => this.logged.push({ event, fields, error }),
    };
    const factory = redis(this.#where, this.#options);
    const backplane = factory(hub, context);
    this.#ends.push(async () => {
      await backplane.close();
      wheel.close();
    });
    return { backplane, factory };
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }
}

/** Waits until every hub of a factory is connected. */
export async function connected(factory: RedisBackplaneFactory): Promise<void> {
  await until(
    () => factory.state === 'connected',
    () => `Redis is ${factory.state}`,
  );
}

/** Waits for what no event tells. */
export async function until(condition: () => boolean, otherwise: () => string, timeout = 10_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(otherwise());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
