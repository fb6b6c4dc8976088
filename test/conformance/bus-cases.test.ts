import { describe, expect, test } from 'vitest';
import type { Bus, BusSubscription } from '../../src/backplane/bus.ts';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { busCases } from '../../src/conformance/bus-cases.ts';

type Receive = (bytes: Uint8Array) => void;

/** A bus that is another one, with some members replaced. */
const like = (bus: Bus, others: Partial<Bus>): Bus => ({
  publish: (subject, bytes) => bus.publish(subject, bytes),
  subscribe: (subject, receive) => bus.subscribe(subject, receive),
  close: () => bus.close(),
  ...others,
});

/** Buses that break one promise each, and the case that must notice. */
const broken: Readonly<Record<string, (bus: Bus) => Bus>> = {
  'what is published is received once, to the publisher itself': (bus) =>
    like(bus, {
      publish(subject, bytes) {
        void bus.publish(subject, bytes);
        return bus.publish(subject, bytes);
      },
    }),
  'a subject is heard by who listens to exactly that, to another node': (bus) =>
    like(bus, {
      publish: (subject, bytes) => bus.publish(subject.toLowerCase(), bytes),
      subscribe: (subject, receive) => bus.subscribe(subject.toLowerCase(), receive),
    }),
  'a subject has up to 160 characters, to another node': (bus) =>
    like(bus, {
      publish: (subject, bytes) => bus.publish(subject.slice(0, 63), bytes),
      subscribe: (subject, receive) => bus.subscribe(subject.slice(0, 63), receive),
    }),
  'messages of one node keep their order, to another node': (bus) => {
    const waiting: (() => void)[] = [];
    return like(bus, {
      publish(subject, bytes) {
        waiting.unshift(() => void bus.publish(subject, bytes));
        queueMicrotask(() => waiting.shift()?.());
      },
    });
  },
  'and keep it over several subjects, to another node': (bus) =>
    like(bus, {
      publish(subject, bytes) {
        if (subject !== 'first') return bus.publish(subject, bytes);
        setTimeout(() => void bus.publish(subject, bytes), 5);
      },
    }),
  'a slow turn of the receiver loses nothing, to another node': (bus) =>
    like(bus, {
      subscribe: (subject, receive) => {
        const stalls = Date.now();
        return bus.subscribe(subject, (bytes) => (Date.now() - stalls > 50 ? undefined : receive(bytes)));
      },
    }),
  'bytes arrive as they were, to another node': (bus) =>
    like(bus, { publish: (subject, bytes) => bus.publish(subject, Buffer.from(bytes.toString())) }),
  'bytes that were received stay as they are, to another node': (bus) => {
    const memory = Buffer.alloc(300_000);
    return like(bus, {
      subscribe: (subject, receive) =>
        bus.subscribe(subject, (bytes) => {
          memory.set(bytes);
          receive(memory.subarray(0, bytes.length));
        }),
    });
  },
  'nothing is missed that is published when a subscription stands, to another node': (bus) =>
    like(bus, {
      subscribe(subject, receive) {
        let subscription: BusSubscription | undefined;
        setTimeout(() => (subscription = bus.subscribe(subject, receive)), 20);
        return { end: () => subscription?.end() };
      },
    }),
  'nothing is received when a subscription has ended, and others go on, to another node': (bus) =>
    like(bus, { subscribe: (subject, receive) => ({ ...bus.subscribe(subject, receive), end: () => undefined }) }),
  'a subject can be listened to again, to another node': (bus) => {
    const ended = new Set<string>();
    return like(bus, {
      subscribe(subject, receive) {
        const subscription = bus.subscribe(subject, (bytes) => (ended.has(subject) ? undefined : receive(bytes)));
        return { end: () => (subscription.end(), void ended.add(subject)) };
      },
    });
  },
  'nothing is received within subscribe or publish': (bus) => {
    const receivers = new Map<string, Receive>();
    return like(bus, {
      publish: (subject, bytes) => receivers.get(subject)?.(bytes),
      subscribe: (subject, receive) => (receivers.set(subject, receive), { end: () => void receivers.delete(subject) }),
    });
  },
  'what was published before closing arrives, and the other node goes on': (bus) => {
    let waiting: (() => void)[] = [];
    return like(bus, {
      publish(subject, bytes) {
        waiting.push(() => void bus.publish(subject, bytes));
        setImmediate(() => waiting.shift()?.());
      },
      close: () => ((waiting = []), bus.close()),
    });
  },
  'a node that is closed receives nothing, and takes nothing': (bus) => like(bus, { close: () => undefined }),
};

async function kept(name: string, breaking: (bus: Bus) => Bus, patience: number): Promise<string> {
  const exchange = new MemoryExchange();
  const run = busCases
    .find((one) => one.name === name)
    ?.run({
      nodes: [breaking(exchange.connect()), breaking(exchange.connect())],
    });
  if (run === undefined) return 'no such case';
  return Promise.race([run.then(() => 'kept'), new Promise<string>((resolve) => setTimeout(resolve, patience, 'never ended'))]).catch(
    () => 'broken',
  );
}

describe('the bus suite notices', () => {
  test.each(Object.entries(broken))('a bus that breaks "%s"', async (name, breaking) => {
    expect(await kept(name, breaking, 500)).toMatch(/broken|never ended/);
  });

  test('nothing on one that keeps them', async () => {
    for (const name of Object.keys(broken)) expect(await kept(name, (bus) => bus, 10_000)).toBe('kept');
  });

  test('has names of its own for its cases', () => {
    expect(new Set(busCases.map(({ name }) => name)).size).toBe(busCases.length);
  });
});
