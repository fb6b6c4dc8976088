import type { IncomingMessage } from 'node:http';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readOptions } from '../../src/base/option-table.ts';
import { Meter } from '../../src/metering/meter.ts';
import { ConnectionQuotas } from '../../src/service/connection-quotas.ts';
import { limitsConnections } from '../../src/service/hub-limits.ts';
import { serviceLimitOptions } from '../../src/service/limit-options.ts';
import { Entry, type Counted, type EntryLimits, type Keys } from '../../src/transport/connection-limits.ts';

/** A session as limits see it. */
class Held implements Counted {
  countedBy: Keys | undefined = undefined;
  transport: 'webSockets' | undefined = undefined;
  readonly door: EntryLimits;
  readonly user: { readonly hub: string; readonly userId?: string };

  constructor(door: EntryLimits, user: Held['user']) {
    this.door = door;
    this.user = user;
  }

  end(): void {
    this.door.leave(this);
  }

  dismiss(): void {
    throw new Error('Nobody who is connected gives way.');
  }

  /** Returns the status of its refusal. */
  negotiate(): number | undefined {
    const entry = this.door.admit({} as IncomingMessage, this.user);
    if (!(entry instanceof Entry)) return entry.status;
    entry.wait(this);
    return undefined;
  }

  connect(): number | undefined {
    const entry = this.door.admit({} as IncomingMessage, this.user, this);
    if (!(entry instanceof Entry)) return entry.status;
    entry.connect(this);
    this.transport = 'webSockets';
    return undefined;
  }
}

const limits = {
  service: { connections: 12, clients: 9 },
  hub: { connections: 7, clients: 5 },
  user: { connections: 2 },
  hubs: { Small: { hub: { connections: 3, clients: null }, user: { connections: 1 } } },
};

type Step =
  | { readonly does: 'negotiates' | 'comes'; readonly hub: string; readonly user: string | undefined }
  | { readonly does: 'serves'; readonly hub: string }
  | { readonly does: 'connects' | 'leaves'; readonly who: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('negotiates' as const, 'comes' as const),
      hub: fc.constantFrom('big', 'small'),
      user: fc.constantFrom('ann', 'bob', undefined),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('serves' as const), hub: fc.constantFrom('big', 'small') }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('connects' as const, 'leaves' as const), who: fc.nat({ max: 20 }) }) },
);

test('whoever comes and goes in whatever order, no limit is passed, and the counts are zero in the end', () => {
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const meter = new Meter(10);
      const quotas = new ConnectionQuotas({ limits: readOptions(serviceLimitOptions, [limits]), meter, log: () => {} });
      const [clients, servers] = [quotas.of('Client'), quotas.of('Server')];
      const all: Held[] = [];
      const counted = (): readonly Held[] => all.filter(({ countedBy }) => countedBy !== undefined);
      for (const one of steps) {
        let status: number | undefined;
        if ('user' in one) {
          const held = new Held(clients, { hub: one.hub, ...(one.user === undefined ? {} : { userId: one.user }) });
          status = one.does === 'comes' ? held.connect() : held.negotiate();
          if (status === undefined) all.push(held);
        } else if ('hub' in one) {
          const held = new Held(servers, { hub: one.hub });
          status = held.connect();
          if (status === undefined) all.push(held);
        } else {
          const held = counted()[one.who % Math.max(1, counted().length)];
          if (one.does === 'leaves') held?.end();
          // Who is connected may come back by another socket.
          else status = held?.connect();
        }
        if (status !== undefined) {
          expect(status).toBe(429);
          refusals++;
        }
        const here = counted();
        const of = (hub: string): number => here.filter(({ user }) => user.hub === hub).length;
        expect([quotas.connections, quotas.clients]).toEqual([here.length, here.filter(({ door }) => door === clients).length]);
        const names = here.flatMap(({ user }) => [user.hub, ...(user.userId === undefined ? [] : [`${user.hub} ${user.userId}`])]);
        expect(quotas.names).toBe(new Set(names).size);
        expect(here.length).toBeLessThanOrEqual(12);
        expect(quotas.clients).toBeLessThanOrEqual(9);
        expect([of('big') <= 7, of('small') <= 3]).toEqual([true, true]);
        for (const [hub, most] of [
          ['big', 2],
          ['small', 1],
        ] as const) {
          const ann = here.filter(({ user, transport }) => user.hub === hub && user.userId === 'ann' && transport !== undefined);
          expect(ann.length).toBeLessThanOrEqual(most);
        }
      }
      for (const held of all) held.end();
      // A second end counts nothing.
      for (const held of all) held.end();
      expect([quotas.connections, quotas.clients, quotas.names]).toEqual([0, 0, 0]);
    }),
  );
  expect(refusals).toBeGreaterThan(50);
});

test('where connections are not limited, nobody counts them', () => {
  const given = (options: Parameters<typeof readOptions<typeof serviceLimitOptions>>[1][0]): boolean =>
    limitsConnections(readOptions(serviceLimitOptions, [options]));
  expect(given({})).toBe(false);
  expect(given({ messageSize: 10, user: { messagesPerSecond: 1 }, hubs: { chat: { messageSize: 5 } } })).toBe(false);
  expect(given({ hubs: { chat: { user: { connections: 1 } } } })).toBe(true);
  expect(given({ service: { clients: 1 } })).toBe(true);
});
