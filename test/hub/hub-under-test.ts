import type { Backplane } from '../../src/backplane/backplane.ts';
import { LocalBackplane } from '../../src/backplane/local-backplane.ts';
import type { LogEvent } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { MemoryConnection, type MemoryConnectionOptions } from '../../src/conformance/memory-connection.ts';
import type { Hub } from '../../src/hub/define-hub.ts';
import type { HubFilter } from '../../src/hub/filter.ts';
import { HubServer } from '../../src/hub/hub-server.ts';
import { hubEvents } from '../../src/hub/log-events.ts';
import { hubSettings, type HubOptions } from '../../src/hub/options.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import type { Telemetry } from '../../src/telemetry/telemetry.ts';

type Message = Record<string, unknown>;

const protocols = [new JsonHubProtocol(), new MessagePackHubProtocol()];

export interface HubUnderTestOptions extends HubOptions {
  readonly filters?: readonly HubFilter<unknown>[];
  readonly telemetry?: Telemetry;
  /** Default: a local one. */
  readonly backplane?: Backplane;
}

/** A hub without a transport, with time standing still. */
export class HubUnderTest<Server, Client> {
  readonly clock = new FakeClock();
  readonly server: HubServer;
  /** Without what is said of every client. */
  readonly logged: { readonly event: LogEvent; readonly error: unknown }[] = [];
  readonly #options: HubOptions;
  #connections = 0;

  constructor(
    hub: Hub<Server, Client, never>,
    { filters = [], telemetry, backplane = new LocalBackplane(), ...options }: HubUnderTestOptions = {},
  ) {
    this.#options = options;
    const surroundings = {
      protocols,
      wheel: new TimerWheel(this.clock),
      log: (event: LogEvent, _: unknown, error?: unknown): void => {
        if (event !== hubEvents.handshakeComplete) this.logged.push({ event, error });
      },
      filters,
      telemetry,
      userIdOf: (user: unknown): string => String(user),
    };
    this.server = new HubServer('test', hub['~definition'], backplane, surroundings, hubSettings(options));
  }

  /** A connection that has not shaken hands. */
  open(options: Partial<MemoryConnectionOptions> = {}): MemoryConnection {
    const connection = new MemoryConnection({ clock: this.clock, id: `c${++this.#connections}`, ...options });
    this.server.opened(connection, hubSettings(this.#options));
    return connection;
  }

  /** A client that has shaken hands in JSON. */
  connect(options: Partial<MemoryConnectionOptions> = {}): TestClient {
    const client = new TestClient(this.open(options));
    client.connection.send('{"protocol":"json","version":1}\x1e');
    const [response, ...more] = client.take();
    client.putBack(more);
    if (JSON.stringify(response) !== '{}') throw new Error(`The handshake was answered with ${JSON.stringify(response)}.`);
    return client;
  }
}

/** The other end of a connection, speaking JSON. */
export class TestClient {
  readonly connection: MemoryConnection;
  #later: Message[] = [];

  constructor(connection: MemoryConnection) {
    this.connection = connection;
  }

  send(...messages: readonly Message[]): void {
    this.connection.send(messages.map((message) => `${JSON.stringify(message)}\x1e`).join(''));
  }

  invoke(target: string, ...args: readonly unknown[]): void {
    this.send({ type: 1, invocationId: '1', target, arguments: args });
  }

  /** Everything that has arrived. */
  take(): Message[] {
    const records = this.connection.take().toString().split('\x1e');
    const last = records.pop();
    if (last !== '') throw new Error(`Half a record was written: ${last}`);
    return [...this.#later.splice(0), ...records.map((record) => JSON.parse(record) as Message)];
  }

  /** Makes messages arrive again. */
  putBack(messages: Message[]): void {
    this.#later.unshift(...messages);
  }

  /** Waits until `count` messages have arrived, and takes them all. */
  async receive(count = 1): Promise<Message[]> {
    for (let turns = 0; turns < 1_000; turns++) {
      const messages = this.take();
      if (messages.length >= count) return messages;
      this.#later = messages;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`${count} message(s) expected, but there are ${JSON.stringify(this.#later)}.`);
  }
}

/** Lets everything run that is only waiting for its turn. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
}
