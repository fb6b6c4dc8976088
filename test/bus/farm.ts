import type { Backplane, BackplaneContext } from '../../src/backplane/backplane.ts';
import type { Bus } from '../../src/backplane/bus.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { LogEvent, LogFields } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { busBackplane, type BusBackplaneFactory } from '../../src/bus/bus-backplanes.ts';
import type { BusOptions } from '../../src/bus/options.ts';
import type { HubProtocol } from '../../src/protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';

export const json = new JsonHubProtocol();
export const messagePack = new MessagePackHubProtocol();

export interface Logged {
  readonly event: LogEvent;
  readonly fields: LogFields;
  readonly error: unknown;
}

/** One server of a farm, in this process. */
export interface FarmServer {
  readonly backplane: Backplane;
  readonly factory: BusBackplaneFactory;
  readonly logged: readonly Logged[];
  /** As if its process had ended: it says nothing any more. */
  die(): void;
}

export interface ServerOptions extends BusOptions {
  readonly clock?: Clock;
  readonly protocols?: readonly HubProtocol[];
  readonly hub?: string;
}

/** Servers in this process, each at an end of the bus. */
export class BusFarm {
  readonly #connect: () => Bus | Promise<Bus>;
  readonly #ends: (() => void | Promise<void>)[] = [];

  constructor(connect: () => Bus | Promise<Bus>) {
    this.#connect = connect;
  }

  async servers(count: number): Promise<readonly Backplane[]> {
    const servers: Backplane[] = [];
    while (servers.length < count) servers.push((await this.start()).backplane);
    return servers;
  }

  async start({
    clock = systemClock,
    protocols = [json, messagePack],
    hub = 'Test.Hub',
    ...options
  }: ServerOptions = {}): Promise<FarmServer> {
    const bus = await this.#connect();
    const wheel = new TimerWheel(clock);
    const logged: Logged[] = [];
    const context: BackplaneContext = { protocols, wheel, log: (event, fields, error) => void logged.push({ event, fields, error }) };
    const factory = busBackplane(bus, options);
    const backplane = factory(hub, context);
    this.#ends.push(async () => {
      await backplane.close();
      wheel.close();
    });
    const die = (): void => {
      wheel.close();
      void bus.close();
    };
    return { backplane, factory, logged, die };
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }
}
