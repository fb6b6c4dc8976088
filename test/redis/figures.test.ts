import { once } from 'node:events';
import { Registry } from 'prom-client';
import { defineHub, silent, SignalR } from 'signalbox';
import { prometheus } from 'signalbox/prometheus';
import { redis } from 'signalbox/redis';
import { describe, expect, test } from 'vitest';
import { connected, until } from './farm.ts';
import { faults } from './faults.ts';
import { redisIsHere } from './redis-server.ts';

describe.skipIf(!redisIsHere)('a host in a farm', () => {
  const { redisServer, linkTo, ends } = faults();

  test('tells in its health and its metrics what waits for Redis, and how often that was cut off', async () => {
    const link = await linkTo(await redisServer());
    const registry = new Registry();
    const backplane = redis(link.url, { keepAlive: 100, longestReconnectDelay: 100 });
    const hub = defineHub<{ note(text: string): void }>()({ name: 'Chat', methods: {} });
    const signalr = new SignalR({ backplane, telemetry: prometheus({ registry }), log: silent }).map('/chat', hub);
    ends(() => signalr.close({ timeout: 100 }));
    const { clients } = signalr.hub(hub);
    const of = async (name: string): Promise<number> => {
      const metric = await registry.getSingleMetric(`signalr_server_backplane_${name}`)?.get();
      return metric?.values[0]?.value ?? Number.NaN;
    };
    const becomes = (name: string, isRight: (value: number) => boolean): Promise<void> =>
      expect.poll(async () => isRight(await of(name)), { timeout: 20_000 }).toBe(true);
    await connected(backplane);
    await becomes('round_trip_seconds', (seconds) => seconds > 0 && seconds < 20);
    expect(signalr.health()).toMatchObject({
      status: 'healthy',
      hubs: [{ backplane: 'connected', figures: { outboxMessages: 0, catchUp: true } }],
    });
    const failed = once(backplane.events, 'failed');
    link.become('cut');
    await failed;
    await clients.all.note('one');
    await clients.all.note('two');
    expect(await of('outbox_messages')).toBe(2);
    expect(await of('connected')).toBe(0);
    expect(await of('cuts_total')).toBe(1);
    await becomes('lag_seconds', (seconds) => seconds > 0);
    await until(
      () => signalr.health().status === 'degraded',
      () => 'A host that can not reach Redis calls itself healthy.',
    );
    expect(signalr.health()).toMatchObject({
      reasons: ["The backplane of the hub 'Chat' is down."],
      hubs: [{ figures: { outboxMessages: 2, cuts: 1 } }],
    });
    const restored = once(backplane.events, 'restored');
    link.become('open');
    await restored;
    await becomes('outbox_messages', (messages) => messages === 0);
    expect([await of('connected'), await of('lag_seconds'), signalr.health().status]).toEqual([1, 0, 'healthy']);
  });
});
