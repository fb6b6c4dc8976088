import { beforeEach, describe, expect, test } from 'vitest';
import type { HubBody } from '../../src/cluster/cluster.ts';
import { readClusterMessage } from '../../src/cluster/messages.ts';
import { census, TestNodes, turns, type TestNode } from './nodes.ts';

let nodes: TestNodes;
beforeEach(() => {
  nodes = new TestNodes();
});

const counts = ({ received }: TestNode): readonly unknown[] =>
  received.map((message) => (message as HubBody & { clients?: number }).clients);

describe('nodes', () => {
  test('introduce themselves to each other, once, and are joined after a while', async () => {
    const a = nodes.start('a');
    await turns();
    const b = nodes.start('b');
    expect([b.cluster.state, b.cluster.joined]).toEqual(['connecting', expect.any(Promise)]);
    await turns();
    expect([a.seen, b.seen]).toEqual([['+b'], ['+a']]);
    await nodes.pass(300);
    expect([b.cluster.state, b.cluster.joined]).toEqual(['connected', undefined]);
    await nodes.pass(30_000);
    expect([a.seen, b.seen]).toEqual([['+b'], ['+a']]);
  });

  test('hear what is said to one, to all, and to those that have clients of a hub', async () => {
    const [a, b] = await nodes.pair();
    const c = nodes.start('c');
    await turns();
    a.cluster.tell('b', census(1));
    a.cluster.tellAll(census(2));
    a.cluster.tellListeners('chat', census(3));
    await nodes.pass(300);
    expect([counts(b), counts(c)]).toEqual([[1, 2], [2]]);
    const listening = b.cluster.listen('chat');
    await turns();
    expect([...a.cluster.listeners('chat')]).toEqual(['b']);
    await listening;
    expect(b.cluster.listen('chat')).toBeUndefined();
    a.cluster.tellListeners('chat', census(4));
    await turns();
    expect([counts(b), counts(c)]).toEqual([[1, 2, 4], [2]]);
  });

  test('are not told any more what is for a hub of which they have no clients, nor is it counted, until they have some again', async () => {
    const [a, b] = await nodes.pair();
    for (let time = 0; time < 3; time++) {
      const listening = b.cluster.listen('chat');
      await turns();
      await listening;
      b.received.splice(0);
      a.cluster.tellListeners('chat', census(1));
      b.cluster.forget('chat');
      // What is under way still comes.
      await turns();
      expect([counts(b), [...a.cluster.listeners('chat')]]).toEqual([[1], []]);
      // Soon enough, it hears it all the time; or later, and begins anew.
      await nodes.pass(time === 0 ? 1_000 : 15_000);
    }
    await nodes.pass(20_000);
    expect([...a.bus.subjects, ...b.bus.subjects].filter((subject) => subject.includes('.hub.'))).toEqual([]);
    // What was published on it is not told any more.
    const [here] = [...a.bus.last].filter(([subject]) => subject.endsWith('.all')).map(([, bytes]) => readClusterMessage(bytes));
    expect(here?.kind === 'here' && here.subjects.filter((subject) => subject.includes('.hub.'))).toEqual([]);
    expect([...a.logged, ...b.logged]).not.toContain('cluster.messages-missed');
    expect([a.seen, b.seen]).toEqual([['+b'], ['+a']]);
  });

  test('that go leave no hub behind that they heard', async () => {
    const [a, b] = await nodes.pair();
    void b.cluster.listen('chat');
    await nodes.pass(300);
    a.cluster.tellListeners('chat', census(1));
    b.cluster.close();
    await nodes.pass(30_000);
    const c = nodes.start('c');
    await nodes.pass(5_000);
    expect([...a.cluster.listeners('chat')]).toEqual([]);
    expect(c.logged).not.toContain('cluster.messages-missed');
  });

  test('that come later know who has clients of a hub', async () => {
    const [a] = await nodes.pair();
    void a.cluster.listen('chat');
    await turns();
    const c = nodes.start('c');
    await turns();
    expect([...c.cluster.listeners('chat')]).toEqual(['a']);
  });

  test('let nobody in before each other one knows that they have clients of a hub', async () => {
    const [a, b] = await nodes.pair();
    b.bus.loses = (subject) => subject.includes('.node.');
    let ready = false;
    void a.cluster.listen('chat')?.then(() => (ready = true));
    await nodes.pass(2_000);
    expect([ready, [...b.cluster.listeners('chat')]]).toEqual([false, ['a']]);
    // By then, the loss has been noticed.
    await nodes.pass(4_000);
    expect(ready).toBe(true);
  });

  test('get what is too large for the bus in pieces', async () => {
    const [a, b] = await nodes.pair({ maximumMessageSize: 1_000 });
    const group = 'g'.repeat(10_000);
    a.cluster.tell('b', { kind: 'userGroup', hub: 'chat', user: 'ann', group, left: 0 });
    a.cluster.tell('b', census(1));
    await turns();
    expect(b.received).toMatchObject([{ kind: 'userGroup', group }, { kind: 'census' }]);
    expect(a.bus.published.filter((subject) => subject.endsWith('.node.b')).length).toBeGreaterThan(10);
    expect(b.logged).not.toContain('cluster.messages-missed');
  });

  test('that say so are gone at once', async () => {
    const [a, b] = await nodes.pair();
    a.cluster.close();
    await turns();
    expect([b.seen, [...b.cluster.nodes]]).toEqual([['+a', '-a'], []]);
  });

  test('that are silent are gone after a while, and begin anew when they are heard again', async () => {
    const [a, b] = await nodes.pair();
    a.bus.away = true;
    await nodes.pass(20_000);
    // The one can't be heard, and the other can't hear.
    expect([a.seen, b.seen]).toEqual([
      ['+b', '-b'],
      ['+a', '-a'],
    ]);
    expect(a.cluster.state).toBe('down');
    a.bus.away = false;
    await nodes.pass(10_000);
    expect([a.seen, b.seen]).toEqual([
      ['+b', '-b', '+b'],
      ['+a', '-a', '+a'],
    ]);
    a.received.length = 0;
    b.cluster.tell('a', census(7));
    await turns();
    expect([counts(a), a.cluster.state]).toEqual([[7], 'connected']);
  });
});

describe('a loss', () => {
  const anew = [
    ['+b', '-b', '+b'],
    ['+a', '-a', '+a'],
  ];

  test('of a message voids what both have of each other, when the next one comes', async () => {
    const [a, b] = await nodes.pair();
    a.bus.loses = (subject) => subject.endsWith('.node.b');
    a.cluster.tell('b', census(1));
    a.bus.loses = () => false;
    await turns();
    expect(b.seen).toEqual(['+a']);
    a.cluster.tell('b', census(2));
    await turns();
    expect([a.seen, b.seen]).toEqual(anew);
    expect([counts(b), b.logged]).toEqual([[], expect.arrayContaining(['cluster.messages-missed'])]);
  });

  test('of the last message is seen by the next heartbeat', async () => {
    const [a, b] = await nodes.pair();
    a.bus.loses = (subject) => subject.endsWith('.node.b');
    a.cluster.tell('b', census(1));
    a.bus.loses = () => false;
    await nodes.pass(4_000);
    expect([a.seen, b.seen]).toEqual(anew);
  });

  test('of what is for those that have clients of a hub concerns them alone', async () => {
    const [a, b] = await nodes.pair();
    const c = nodes.start('c');
    await turns();
    void b.cluster.listen('chat');
    await turns();
    a.cluster.tellListeners('chat', census(1));
    a.bus.loses = (subject) => subject.includes('.hub.');
    a.cluster.tellListeners('chat', census(2));
    a.bus.loses = () => false;
    await nodes.pass(4_000);
    expect([a.seen, b.seen, c.seen]).toEqual([['+b', '+c', '-b', '+b'], ['+a', '+c', '-a', '+a'], expect.not.arrayContaining(['-a'])]);
  });

  test('that the publisher is told of is one at once', async () => {
    const [a, b] = await nodes.pair();
    a.bus.late = true;
    a.cluster.tell('b', census(1));
    a.bus.late = false;
    await turns();
    expect([a.seen, b.seen]).toEqual(anew);
    expect(a.logged).toContain('cluster.publish-failed');
  });

  test('on both ways at once ends as well', async () => {
    const [a, b] = await nodes.pair();
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.bus.loses = (subject) => subject.includes('.node.');
      one.cluster.tell(other.id, census(1));
      one.bus.loses = () => false;
    }
    a.cluster.tell('b', census(2));
    b.cluster.tell('a', census(2));
    await nodes.pass(10_000);
    expect([a.seen, b.seen]).toEqual(anew);
    a.cluster.tell('b', census(3));
    b.cluster.tell('a', census(4));
    await turns();
    expect([counts(a), counts(b)]).toEqual([[4], [3]]);
  });

  test('of the words about a loss is made up for', async () => {
    const [a, b] = await nodes.pair();
    let lost = 0;
    // The message, what tells of its loss, and the answer to that.
    a.bus.loses = (subject) => subject.endsWith('.node.b') && ++lost <= 2;
    b.bus.loses = (subject) => subject.endsWith('.node.a') && ++lost <= 3;
    a.cluster.tell('b', census(1));
    await nodes.pass(20_000);
    expect([a.seen.at(-1), b.seen.at(-1)]).toEqual(['+b', '+a']);
    expect(b.seen).toContain('-a');
    a.received.length = b.received.length = 0;
    a.cluster.tell('b', census(3));
    b.cluster.tell('a', census(4));
    await turns();
    expect([counts(a), counts(b)]).toEqual([[4], [3]]);
  });
});

describe('a bus', () => {
  test('that refuses subscriptions leaves the node alone, until it takes them', async () => {
    const b = nodes.start('b');
    const a = nodes.start('a', {}, (bus) => (bus.refuses = true));
    await nodes.pass(11_000);
    expect([a.cluster.joined, a.seen, a.logged]).toEqual([undefined, [], expect.arrayContaining(['cluster.subscribe-failed'])]);
    a.bus.refuses = false;
    await nodes.pass(4_000);
    expect([a.seen, b.seen]).toEqual([['+b'], ['+a']]);
  });

  test('that brings what no node would say is not believed', async () => {
    const [a, b] = await nodes.pair();
    void a.bus.publish('signalbox-service.all', Buffer.from('hello'));
    void a.bus.publish('signalbox-service.node.b', Buffer.from([0x92, 1, 99]));
    await turns();
    expect(b.cluster.foreignMessages).toBe(2);
    expect(b.logged.filter((event) => event === 'cluster.foreign-message')).toHaveLength(1);
    expect(b.seen).toEqual(['+a']);
  });
});
