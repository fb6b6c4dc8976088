import assert from 'node:assert/strict';
import type { Bus, BusSubscription } from '../backplane/bus.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** What a case gets: two nodes of one bus, to which nobody else publishes. The case leaves them open, or closes them. */
export interface BusUnderTest {
  readonly nodes: readonly [Bus, Bus];
}

export type BusCase = ConformanceCase<BusUnderTest>;

/** Milliseconds after which something is taken not to come. */
const LATE = 5_000;

/** What one subscription receives. */
class Inbox {
  readonly received: Uint8Array[] = [];
  #subscription: BusSubscription | undefined;
  #arrived: () => void = () => {};

  /** Resolves when the subscription stands. */
  static async open(bus: Bus, subject: string, heard?: (text: string) => void): Promise<Inbox> {
    const inbox = new Inbox();
    inbox.#subscription = bus.subscribe(subject, (bytes) => {
      inbox.received.push(bytes);
      heard?.(Buffer.from(bytes).toString());
      inbox.#arrived();
    });
    await inbox.#subscription.ready;
    return inbox;
  }

  get texts(): readonly string[] {
    return this.received.map((bytes) => Buffer.from(bytes).toString());
  }

  end(): void {
    this.#subscription?.end();
  }

  /** Waits until so much has been received. */
  async holds(count: number): Promise<void> {
    const deadline = Date.now() + LATE;
    while (this.received.length < count) {
      const left = deadline - Date.now();
      assert.ok(left > 0, `${this.received.length} of ${count} messages came: ${this.texts.slice(0, 20).join(', ')}`);
      await this.#arrival(left);
    }
  }

  #arrival(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const publish = (bus: Bus, subject: string, text: string): void | Promise<void> => bus.publish(subject, Buffer.from(text));

/** Once for the publisher itself and once for another node. */
function onBoth(name: string, run: (from: Bus, to: Bus) => Promise<void>): BusCase[] {
  return [
    { name: `${name}, to the publisher itself`, run: ({ nodes: [a] }) => run(a, a) },
    { name: `${name}, to another node`, run: ({ nodes: [a, b] }) => run(a, b) },
  ];
}

/** Every kind of character, and the length that subjects may have. */
const LONGEST = `signalbox.group.${'aZ09-_'.repeat(23)}.Hub10`;

const reaching: readonly BusCase[] = [
  ...onBoth('what is published is received once', async (from, to) => {
    const inbox = await Inbox.open(to, 'one');
    await publish(from, 'one', 'hello');
    await publish(from, 'one', 'end');
    await inbox.holds(2);
    assert.deepEqual(inbox.texts, ['hello', 'end']);
  }),
  {
    name: 'every node that listens receives it',
    run: async ({ nodes: [a, b] }) => {
      const inboxes = [await Inbox.open(a, 'all'), await Inbox.open(b, 'all')];
      await publish(a, 'all', 'x');
      await publish(b, 'all', 'y');
      for (const inbox of inboxes) await inbox.holds(2);
      for (const inbox of inboxes) assert.deepEqual(inbox.texts.toSorted(), ['x', 'y']);
    },
  },
  ...onBoth('a subject is heard by who listens to exactly that', async (from, to) => {
    const inbox = await Inbox.open(to, 'room.kitchen.Hub');
    const others = [
      'room',
      'room.kitchen',
      'room.kitchen.Hub.more',
      'room.kitchen.hub',
      'room.Kitchen.Hub',
      'oom.kitchen.Hub',
      'room.cellar.Hub',
    ];
    for (const subject of others) await publish(from, subject, subject);
    await publish(from, 'room.kitchen.Hub', 'end');
    await inbox.holds(1);
    assert.deepEqual(inbox.texts, ['end']);
  }),
  ...onBoth('a subject has up to 160 characters', async (from, to) => {
    assert.equal(LONGEST.length, 160);
    const inbox = await Inbox.open(to, LONGEST);
    const shorter = await Inbox.open(to, LONGEST.slice(0, -1));
    await publish(from, LONGEST.slice(0, -1), 'shorter');
    await publish(from, LONGEST, 'whole');
    await inbox.holds(1);
    assert.deepEqual([inbox.texts, shorter.texts], [['whole'], ['shorter']]);
  }),
  {
    name: 'what nobody listens to is no error',
    run: async ({ nodes: [a, b] }) => {
      await publish(a, 'nobody', 'x');
      const inbox = await Inbox.open(b, 'somebody');
      await publish(a, 'somebody', 'y');
      await inbox.holds(1);
    },
  },
];

const ordering: readonly BusCase[] = [
  ...onBoth('messages of one node keep their order', async (from, to) => {
    const inbox = await Inbox.open(to, 'order');
    const sent = Array.from({ length: 2_000 }, (_, i) => `${i}`);
    await Promise.all(sent.map(async (text) => publish(from, 'order', text)));
    await inbox.holds(sent.length);
    assert.deepEqual(inbox.texts, sent);
  }),
  ...onBoth('and keep it over several subjects', async (from, to) => {
    const order: string[] = [];
    const subjects = ['first', 'second', 'third'];
    const sent = Array.from({ length: 600 }, (_, i) => `${i}`);
    const inboxes = await Promise.all(subjects.map((subject) => Inbox.open(to, subject, (text) => order.push(text))));
    for (const [i, text] of sent.entries()) void publish(from, subjects[i % 3] as string, text);
    for (const inbox of inboxes) await inbox.holds(sent.length / 3);
    assert.deepEqual(order, sent);
  }),
  ...onBoth('a slow turn of the receiver loses nothing', async (from, to) => {
    const inbox = await Inbox.open(to, 'slow');
    for (let i = 0; i < 200; i++) void publish(from, 'slow', `${i} ${'x'.repeat(5_000)}`);
    const until = Date.now() + 100;
    while (Date.now() < until);
    await inbox.holds(200);
    assert.deepEqual(
      inbox.texts.map((text) => Number.parseInt(text, 10)),
      Array.from({ length: 200 }, (_, i) => i),
    );
  }),
];

const carrying: readonly BusCase[] = [
  ...onBoth('bytes arrive as they were', async (from, to) => {
    const inbox = await Inbox.open(to, 'bytes');
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const sent = [Buffer.alloc(0), every, Buffer.from('\r\n'), Buffer.alloc(200_000, every)];
    for (const bytes of sent) await from.publish('bytes', bytes);
    await inbox.holds(sent.length);
    for (const [at, bytes] of sent.entries()) assert.ok(bytes.equals(inbox.received[at] as Uint8Array), `message ${at}`);
  }),
  ...onBoth('bytes that were received stay as they are', async (from, to) => {
    const inbox = await Inbox.open(to, 'kept');
    for (let i = 0; i < 100; i++) await publish(from, 'kept', `${i}`.repeat(1_000));
    await inbox.holds(100);
    for (const [i, text] of inbox.texts.entries()) assert.equal(text, `${i}`.repeat(1_000));
  }),
];

const subscribing: readonly BusCase[] = [
  ...onBoth('nothing is missed that is published when a subscription stands', async (from, to) => {
    for (let i = 0; i < 50; i++) {
      const inbox = await Inbox.open(to, `fresh${i}`);
      await publish(from, `fresh${i}`, 'x');
      await inbox.holds(1);
    }
  }),
  ...onBoth('many subjects are told apart', async (from, to) => {
    const subjects = Array.from({ length: 500 }, (_, i) => `many.${i}.x`);
    const inboxes = await Promise.all(subjects.map((subject) => Inbox.open(to, subject)));
    for (const subject of subjects) void publish(from, subject, subject);
    await inboxes.at(-1)?.holds(1);
    assert.deepEqual(
      inboxes.map(({ texts }) => texts),
      subjects.map((subject) => [subject]),
    );
  }),
  ...onBoth('nothing is received when a subscription has ended, and others go on', async (from, to) => {
    const ended = await Inbox.open(to, 'ended');
    const other = await Inbox.open(to, 'other');
    void publish(from, 'ended', 'before');
    ended.end();
    const before = ended.received.length;
    await publish(from, 'ended', 'after');
    await publish(from, 'other', 'x');
    await other.holds(1);
    ended.end();
    assert.equal(ended.received.length, before);
  }),
  ...onBoth('a subject can be listened to again', async (from, to) => {
    const first = await Inbox.open(to, 'again');
    first.end();
    const second = await Inbox.open(to, 'again');
    await publish(from, 'again', 'x');
    await publish(from, 'again', 'end');
    await second.holds(2);
    assert.deepEqual([first.texts, second.texts], [[], ['x', 'end']]);
  }),
  {
    name: 'nothing is received within subscribe or publish',
    run: async ({ nodes: [a] }) => {
      let within = true;
      let early = false;
      const received = new Promise<void>((resolve) => {
        void a.subscribe('later', () => {
          early ||= within;
          resolve();
        }).ready;
      });
      void publish(a, 'later', 'x');
      within = false;
      await a.subscribe('stands', () => undefined).ready;
      await publish(a, 'later', 'y');
      await received;
      assert.equal(early, false);
    },
  },
];

const ending: readonly BusCase[] = [
  {
    name: 'what was published before closing arrives, and the other node goes on',
    run: async ({ nodes: [a, b] }) => {
      const inbox = await Inbox.open(b, 'left');
      for (let i = 0; i < 20; i++) void publish(a, 'left', `${i}`);
      await a.close();
      await a.close();
      await inbox.holds(20);
      await publish(b, 'left', 'mine');
      await inbox.holds(21);
    },
  },
  {
    name: 'a node that is closed receives nothing, and takes nothing',
    run: async ({ nodes: [a, b] }) => {
      const closed = await Inbox.open(a, 'closed');
      const open = await Inbox.open(b, 'closed');
      void publish(a, 'closed', 'before');
      const closing = a.close();
      const before = closed.received.length;
      await closing;
      await open.holds(1);
      await publish(b, 'closed', 'after');
      await open.holds(2);
      assert.equal(closed.received.length, before);
      await assert.rejects(async () => publish(a, 'closed', 'too late'));
    },
  },
];

/** Everything that `Bus` promises. Each case wants two nodes of its own. */
export const busCases: readonly BusCase[] = [...reaching, ...ordering, ...carrying, ...subscribing, ...ending];
