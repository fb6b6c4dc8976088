import { decode, encode } from '@msgpack/msgpack';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import { Farm, until } from './farm.ts';
import { Observer } from './observer.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';

const CONNECTION = 'Test.Hub:connection:c1';
/** Longer than until the second look, with what a wheel may be late. */
const SECOND_LOOK = 500;

describe.skipIf(!redisIsHere)('a change of groups for a connection that nobody seems to have', () => {
  let redis: RedisServer;
  let observer: Observer;
  /** Another server, which has the connection from a certain moment on. */
  let owner: Observer;
  let clock: FakeClock;
  let farm: Farm;
  let backplane: Backplane;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  beforeEach(async () => {
    observer = await Observer.at(redis.url);
    owner = new Observer(redis.url);
    clock = new FakeClock();
    farm = new Farm(redis.url, {}, { clock });
    [backplane] = (await farm.servers(1)) as [Backplane];
  });
  afterEach(async () => {
    observer.close();
    owner.close();
    await farm.close();
  });
  afterAll(() => redis.stop());

  /** What was asked: an action and a group of each command. */
  const commands = (): unknown[] =>
    observer.published
      .filter(({ channel }) => channel.endsWith(':groups'))
      .map(({ payload }) => (decode(payload) as unknown[]).slice(2, 4));

  /** Resolves when the server has learned that nobody listens, which Redis said before it took this message. */
  const looked = async (): Promise<void> =>
    backplane.send({ to: 'all' }, new SharedMessage({ type: MessageType.invocation, target: 'm', arguments: [] }));

  async function asked(count: number): Promise<void> {
    await until(
      () => commands().length >= count,
      () => `${commands().length} commands`,
    );
  }

  async function acknowledge(): Promise<void> {
    const { payload } = await observer.heard(':internal:groups');
    const [, server] = decode(payload) as [number, string];
    for (const { payload: command } of observer.published.filter(({ channel }) => channel.endsWith(':groups')))
      await observer.publish(`Test.Hub:internal:ack:${server}`, encode([(decode(command) as [number])[0]]));
  }

  test('is asked again when somebody has it at the second look, and waited for', async () => {
    let joined = false;
    const joining = Promise.resolve(backplane.join('c1', 'g')).then(() => (joined = true));
    await looked();
    await owner.client.subscribe(CONNECTION);
    clock.advance(SECOND_LOOK);
    await asked(2);
    await looked();
    expect(joined).toBe(false);
    expect(commands()).toEqual([
      [1, 'g'],
      [1, 'g'],
    ]);
    await acknowledge();
    await joining;
  });

  test('is done when nobody has it at the second look either', async () => {
    const joining = backplane.join('c1', 'g');
    await looked();
    clock.advance(SECOND_LOOK);
    await joining;
    await looked();
    expect(commands()).toEqual([[1, 'g']]);
  });

  test('is not asked again when another of the same group was asked behind it', async () => {
    const joining = backplane.join('c1', 'g');
    const other = backplane.join('c1', 'h');
    await looked();
    const leaving = backplane.leave('c1', 'g');
    await joining;
    await looked();
    await owner.client.subscribe(CONNECTION);
    clock.advance(SECOND_LOOK);
    await asked(5);
    await acknowledge();
    await Promise.all([leaving, other]);
    expect(commands().slice(0, 3)).toEqual([
      [1, 'g'],
      [1, 'h'],
      [2, 'g'],
    ]);
    expect(commands().slice(3)).toEqual(
      expect.arrayContaining([
        [1, 'h'],
        [2, 'g'],
      ]),
    );
    expect(commands()).toHaveLength(5);
  });
});
