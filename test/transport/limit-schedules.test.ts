import { request as httpRequest, type IncomingMessage } from 'node:http';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { silent } from '../../src/base/log.ts';
import { readOptions } from '../../src/base/option-table.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { ConnectionLimits, Entry, type Counted, type Keys } from '../../src/transport/connection-limits.ts';
import type { ConnectionRequest } from '../../src/transport/connection.ts';
import { limitOptions, type AtConnectionLimit } from '../../src/transport/limit-options.ts';
import { Onlooker } from './application.ts';
import { ask, eventStream } from './http-client.ts';
import { requestTo, serve } from './serve.ts';

const users = ['ann', 'bob', undefined] as const;
const addresses = ['192.0.2.1', '2001:db8::1', '2001:db8::2'] as const;
const ways = fc.constantFrom<AtConnectionLimit>('refuse', 'closeOldest');
const keyed = fc.option(fc.record({ limit: fc.integer({ min: 1, max: 3 }), atLimit: ways }));

/** A session as limits see it. Dismissed, it goes later: its client has to close its end. */
class Holder implements Counted {
  countedBy: Keys | undefined = undefined;
  transport: 'webSockets' | undefined = undefined;
  dismissals = 0;
  readonly #limits: () => ConnectionLimits;

  constructor(limits: () => ConnectionLimits) {
    this.#limits = limits;
  }

  end(): void {
    this.#limits().leave(this);
  }

  dismiss(): void {
    this.dismissals++;
  }
}

/** What is true of one limit, written down as plainly as can be. */
class Tally {
  readonly limit: number;
  readonly closesOldest: boolean;
  /** In the order of arrival. */
  waiting: (readonly [key: string, holder: Holder])[] = [];
  connected: (readonly [key: string, holder: Holder])[] = [];

  constructor({ limit, atLimit }: { readonly limit: number; readonly atLimit: AtConnectionLimit }) {
    this.limit = limit;
    this.closesOldest = atLimit === 'closeOldest';
  }

  refuses(key: string | undefined, holder: Holder): boolean {
    const same = this.connected.filter(([other]) => other === key);
    return key !== undefined && !this.closesOldest && same.length >= this.limit && !same.some(([, other]) => other === holder);
  }

  wait(key: string | undefined, holder: Holder): Holder | undefined {
    if (key === undefined) return undefined;
    this.waiting.push([key, holder]);
    const same = this.waiting.filter(([other]) => other === key);
    return same.length > this.limit ? same[0]?.[1] : undefined;
  }

  connect(key: string | undefined, holder: Holder): Holder | undefined {
    const known = this.connected.some(([other, member]) => other === key && member === holder);
    if (known) return undefined;
    this.leave(holder);
    if (key === undefined) return undefined;
    this.connected.push([key, holder]);
    const same = this.connected.filter(([other]) => other === key);
    const oldest = same.length > this.limit ? same[0]?.[1] : undefined;
    this.connected = this.connected.filter(([, member]) => member !== oldest);
    return oldest;
  }

  leave(holder: Holder): void {
    this.waiting = this.waiting.filter(([, member]) => member !== holder);
    this.connected = this.connected.filter(([, member]) => member !== holder);
  }

  get keys(): number {
    return new Set([...this.waiting, ...this.connected].map(([key]) => key)).size;
  }
}

const step = fc.record({
  what: fc.constantFrom('negotiate', 'connect', 'take up', 'come back', 'leave', 'leave twice', 'descriptors'),
  user: fc.constantFrom(...users),
  address: fc.constantFrom(...addresses),
  whom: fc.nat(),
});

const setup = fc.record({ server: fc.option(fc.integer({ min: 1, max: 6 })), perUser: keyed, perAddress: keyed });

describe('connection limits', () => {
  test('are as plain book-keeping says, whatever comes in whatever order, and forget all in the end', () => {
    fc.assert(
      fc.property(setup, fc.array(step, { maxLength: 40 }), (given, schedule) => {
        let opened = 0;
        const services = {
          userId: (user: unknown) => user as string | undefined,
          wheel: new TimerWheel(new FakeClock()),
          log: silent,
          descriptors: { limit: () => 11, open: () => opened },
        };
        const limits = new ConnectionLimits(readOptions(limitOptions, [{ connectionLimits: given, descriptorReserve: 10 }]), services);
        const byUser = given.perUser && new Tally(given.perUser);
        const byAddress = given.perAddress && new Tally(given.perAddress);
        let waiting: Holder[] = [];
        let connected: Holder[] = [];
        const leave = (holder: Holder): void => {
          waiting = waiting.filter((other) => other !== holder);
          connected = connected.filter((other) => other !== holder);
          byUser?.leave(holder);
          byAddress?.leave(holder);
        };
        const come = (holder: Holder, how: 'wait' | 'connect', user: string | undefined, address: string): void => {
          const key = address.includes(':') ? '2001:db8' : address;
          const admitted = limits.admit({ socket: { remoteAddress: address } } as IncomingMessage, user, holder);
          const short = opened > 0 && !connected.includes(holder);
          const full = short || (holder.countedBy === undefined && waiting.length + connected.length >= (given.server ?? 1_000));
          const refuses = byUser?.refuses(user, holder) === true || byAddress?.refuses(key, holder) === true;
          if (!(admitted instanceof Entry)) {
            expect(admitted.status).toBe(full ? 503 : refuses ? 429 : 'no refusal');
            return;
          }
          expect([full, refuses]).toEqual([false, false]);
          const dismissed = connected.map((other) => other.dismissals);
          admitted[how](holder);
          waiting = waiting.filter((other) => other !== holder);
          if (how === 'wait') {
            waiting.push(holder);
            for (const gone of [byUser?.wait(user, holder), byAddress?.wait(key, holder)]) if (gone) leave(gone);
            return;
          }
          holder.transport = 'webSockets';
          const closed = [byUser?.connect(user, holder), byAddress?.connect(key, holder)];
          const expected = connected.map((other, index) => (dismissed[index] ?? 0) + closed.filter((oldest) => oldest === other).length);
          expect(connected.map((other) => other.dismissals)).toEqual(expected);
          if (!connected.includes(holder)) connected.push(holder);
        };
        for (const { what, user, address, whom } of schedule) {
          const held = what === 'take up' ? waiting : connected.filter(({ dismissals }) => dismissals === 0);
          const known = held[whom % Math.max(held.length, 1)];
          const anyone = [...waiting, ...connected][whom % Math.max(waiting.length + connected.length, 1)];
          if (what === 'descriptors') opened = opened === 0 ? 5 : 0;
          else if (what === 'negotiate') come(new Holder(() => limits), 'wait', user, address);
          else if (what === 'connect') come(new Holder(() => limits), 'connect', user, address);
          else if (what === 'take up' || what === 'come back') {
            if (known) come(known, 'connect', user, address);
          } else if (anyone) {
            leave(anyone);
            limits.leave(anyone);
            if (what === 'leave twice') limits.leave(anyone);
          }
          expect(limits.connections).toBe(waiting.length + connected.length);
          expect(limits.keys).toBe((byUser?.keys ?? 0) + (byAddress?.keys ?? 0));
        }
        for (const holder of [...waiting, ...connected]) limits.leave(holder);
        expect([limits.connections, limits.keys]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});

const act = fc.record({
  what: fc.constantFrom('negotiate', 'websocket', 'events', 'poll', 'skip', 'bad upgrade', 'close', 'cut', 'abort', 'delete', 'time'),
  user: fc.constantFrom('ann', 'bob'),
  whom: fc.nat(),
});

describe('an endpoint', () => {
  test('gives every place back, however its clients come and go', async () => {
    const byName = ({ headers }: ConnectionRequest): string | undefined => headers.get('x-user') ?? undefined;
    const run = async (atLimit: AtConnectionLimit, schedule: readonly { what: string; user: string; whom: number }[]): Promise<void> => {
      const clock = new FakeClock();
      const onlooker = new Onlooker();
      const limits = { connectionLimits: { server: 8, perUser: { limit: 2, atLimit }, perAddress: 6 } };
      const served = await serve({ clock, opened: onlooker.opened, limits, options: { authenticate: byName } });
      const tokens: { readonly url: string; readonly headers: { readonly 'X-User': string } }[] = [];
      const sockets: WebSocket[] = [];
      const connect = async (url: string, headers: Readonly<Record<string, string>>): Promise<void> => {
        const webSocket = new WebSocket(url.replace('http', 'ws'), { headers });
        webSocket.on('error', () => {});
        await new Promise((resolve) => webSocket.once('open', resolve).once('close', resolve));
        sockets.push(webSocket);
      };
      /** Asks, and leaves the answer, which may take until time goes on, to whoever wants it. */
      const begin = async (url: string, headers: Readonly<Record<string, string>>): Promise<void> => {
        const arrived = requestTo(served.server);
        httpRequest(url, { headers, agent: false })
          .on('error', () => {})
          .on('response', (response) => response.on('error', () => {}).resume())
          .end();
        await arrived;
      };
      for (const { what, user, whom } of schedule) {
        const headers = { 'X-User': user };
        const token = tokens[whom % Math.max(tokens.length, 1)];
        const peer = onlooker.peers[whom % Math.max(onlooker.peers.length, 1)];
        const socket = sockets[whom % Math.max(sockets.length, 1)];
        if (what === 'negotiate') {
          const answer = await ask(`${served.hub}/negotiate?negotiateVersion=1`, { method: 'POST', headers });
          expect([200, 429, 503]).toContain(answer.status);
          if (answer.status === 200) tokens.push({ url: `${served.hub}?id=${JSON.parse(answer.body).connectionToken}`, headers });
        } else if (what === 'skip') await connect(served.hub, headers);
        else if (what === 'bad upgrade') await connect(`${served.hub}?id=none`, headers);
        else if (what === 'time') clock.advance(16_000);
        else if (what === 'abort') peer?.connection.abort();
        else if (what === 'close') socket?.close();
        else if (what === 'cut') socket?.terminate();
        else if (token !== undefined) {
          if (what === 'websocket') await connect(token.url, token.headers);
          if (what === 'events') await begin(token.url, { ...token.headers, ...eventStream });
          if (what === 'poll') await begin(token.url, token.headers);
          if (what === 'delete') await ask(token.url, { method: 'DELETE', headers: token.headers });
        }
        expect(served.limits.connections).toBeLessThanOrEqual(8);
      }
      for (const socket of sockets) socket.terminate();
      served.server.closeAllConnections();
      await expect.poll(() => (clock.advance(16_000), [served.limits.connections, served.limits.keys])).toEqual([0, 0]);
      await Promise.all(onlooker.peers.map((peer) => peer.ended()));
      expect(onlooker.peers.every(({ closings }) => closings.length === 1)).toBe(true);
    };
    await fc.assert(fc.asyncProperty(fc.constantFrom('refuse', 'closeOldest'), fc.array(act, { maxLength: 25 }), run), { numRuns: 25 });
  });
});
