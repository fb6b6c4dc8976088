import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { FarmAudience } from '../redis-farm/hub.ts';
import { RedisServer, redisIsHere } from '../redis/redis-server.ts';
import { FarmClient } from './farm-client.ts';
import { FarmBuild, type FarmProcess } from './farm-process.ts';

const RECORD = '\u001e';
const FILLING = 'x'.repeat(65_536);
/** Far more than the kernel takes on both sides, on any machine: 256 MB. */
const MOST = 4096;
const AFTERWARDS = 300;
/** Bytes that a server may use beside what waits for the client: what lies about of the latest messages. */
const SLACK = 12 * 1024 * 1024;

const audiences: readonly FarmAudience[] = [{ to: 'all' }, { to: 'group', names: ['g'] }, { to: 'user', names: ['ann'] }];

/** A client that joins, and from then on reads nothing. */
class StalledClient {
  readonly #socket: WebSocket;
  #id = '';

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(origin: string): Promise<StalledClient> {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/farm?user=ann`);
    const client = new StalledClient(socket);
    await once(socket, 'open');
    await client.#ask({ protocol: 'json', version: 1 }, '{}');
    client.#id = await client.#call('self');
    await client.#call('join', 'g');
    socket.pause();
    return client;
  }

  get id(): string {
    return this.#id;
  }

  /** Reads on, up to the end. Returns the code of it. */
  async end(): Promise<number> {
    const closed = once(this.#socket, 'close');
    this.#socket.resume();
    const [code] = (await closed) as [number];
    return code;
  }

  destroy(): void {
    this.#socket.terminate();
  }

  async #call(target: string, ...args: readonly unknown[]): Promise<string> {
    const answer = await this.#ask({ type: 1, invocationId: target, target, arguments: args }, `"invocationId":"${target}"`);
    return String((JSON.parse(answer) as { result?: unknown }).result);
  }

  /** Sends a record, and resolves with the first one that has this in it. */
  async #ask(record: object, sought: string): Promise<string> {
    this.#socket.send(JSON.stringify(record) + RECORD);
    for (;;) {
      const [data] = (await once(this.#socket, 'message')) as [Buffer];
      const found = data
        .toString()
        .split(RECORD)
        .find((text) => text.includes(sought));
      if (found !== undefined) return found;
    }
  }
}

describe.skipIf(!redisIsHere)('a client of a farm that stops reading', () => {
  let redis: RedisServer;
  let build: FarmBuild;
  let farm: readonly FarmProcess[] = [];
  let clients: readonly FarmClient[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    build = await FarmBuild.make();
  });
  afterEach(async () => {
    await Promise.all(clients.map(({ connection }) => connection.stop()));
    await Promise.all(farm.map((server) => server.end()));
  });
  afterAll(async () => {
    await redis.stop();
    await build.remove();
  });

  test.each([
    [
      'when too much waits for it',
      { maximumQueuedBytes: 1_048_576 },
      /^The client reads too slowly: \d+ bytes were waiting for it, and the limit is 1048576\.$/,
    ],
    [
      'when it has taken nothing for too long',
      { transportSendTimeout: 500, maximumQueuedBytes: 67_108_864 },
      /^The client took nothing of what it was sent for 500 ms \(transportSendTimeout\)\.$/,
    ],
  ])('delays nobody, at its server or another, and is cut %s', async (_, limits, reason) => {
    const environment = {
      SIGNALR_OPTIONS: JSON.stringify({ clientTimeoutInterval: 300_000, maximumReceiveMessageSize: 131_072, ...limits }),
    };
    farm = await Promise.all([1, 2, 3].map(() => build.start(redis.url, environment)));
    const places = [
      ['a', 0, 'json'],
      ['b', 0, 'messagepack'],
      ['c', 1, 'messagepack'],
      ['d', 2, 'json'],
    ] as const;
    clients = places.map(([name, at, protocol]) => new FarmClient(name, farm[at]?.url ?? '', 'ann', protocol));
    await Promise.all(clients.map(({ connection }) => connection.start()));
    await Promise.all(clients.map(({ connection }) => connection.invoke('join', 'g')));
    const [neighbour, , sender] = clients.map(({ connection }) => connection);
    const stalled = await StalledClient.open(farm[0]?.url ?? '');
    const failure = (): Promise<string | null> => neighbour?.invoke('failure', stalled.id) ?? Promise.resolve(null);
    const memory = (): Promise<number> => neighbour?.invoke('memory') ?? Promise.resolve(0);

    const before = await memory();
    let most = 0;
    /** The next message is sent when everybody has the one before: whoever had to wait for the stalled client would be waited for here. */
    const send = async (number: number): Promise<void> => {
      const text = `${number} ${FILLING}`;
      await sender?.invoke('send', audiences[number % audiences.length], text);
      await Promise.all(clients.map((client) => client.waitFor(text)));
      expect(clients.map(({ heard }) => heard.splice(0))).toEqual(clients.map(() => [text]));
      if (number % 16 === 0) most = Math.max(most, (await memory()) - before);
    };
    let cut: string | null = null;
    for (let number = 0; cut === null && number < MOST; number++) {
      await send(number);
      cut = await failure();
    }
    expect(cut).toMatch(reason);
    expect(await stalled.end()).toBe(1006);
    for (let number = 0; number < AFTERWARDS; number++) await send(MOST + number);
    expect((await memory()) - before).toBeLessThan(SLACK);
    expect(most).toBeLessThan(SLACK + limits.maximumQueuedBytes);
    stalled.destroy();
  });
});
