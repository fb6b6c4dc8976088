import { HubConnectionState, Subject } from '@microsoft/signalr';
import { expect } from 'vitest';
import type { Client } from '../client.ts';
import type { CuttableLink } from '../cuttable-link.ts';
import { type CellFixtures, type CellTest, fresh } from '../fixtures.ts';
import { Random } from '../random.ts';
import type { Cell, InteropServer } from '../servers.ts';

const path = '/stateful';
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Everything of a stream; fails with it. */
function items(client: Client, method: string, ...args: unknown[]): Promise<unknown[]> {
  const all: unknown[] = [];
  return new Promise((resolve, reject) => {
    client.connection.stream(method, ...args).subscribe({
      next: (item) => all.push(item),
      complete: () => resolve(all),
      error: reject,
    });
  });
}

/** Runs `count` jobs, so many at a time. */
async function pooled<T>(count: number, parallel: number, job: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await job(i);
    }
  };
  await Promise.all(upTo(parallel).map(work));
  return results;
}

async function texts(client: Client, count: number): Promise<unknown[]> {
  const subject = new Subject<string>();
  const relayed = items(client, 'Relay', subject);
  for (let i = 1; i <= count; i++) {
    subject.next(String(i));
    if (i % 50 === 0) await client.settle();
  }
  subject.complete();
  return relayed;
}

/** Cuts somewhere in the bytes that pass, again as soon as the client is back. */
async function cutAgainAndAgain({ client, link }: Line, random: Random, done: () => boolean): Promise<number> {
  let cuts = 0;
  while (!done()) {
    await link.cutAfter(random.between(1, 5_000));
    cuts++;
    await client.settle();
  }
  return cuts;
}

interface Line {
  readonly client: Client;
  readonly link: CuttableLink;
}

/** A client that comes back by another socket, on a way that can be cut. */
async function lineOf({ connect, cuttable }: CellFixtures, query: Readonly<Record<string, string>> = {}): Promise<Line> {
  const { origin, link } = await cuttable();
  return { link, client: await connect({ origin, path, stateful: true, query }) };
}

function underLoad(test: CellTest, server: InteropServer): void {
  // The reference server joins the half of a message that the last socket brought to what comes by the next one, and stops reading a client
  // that waits for room in its buffer, and so never reads the acks that would make it: a client that is cut under load is lost there.
  if (server.name === 'aspnetcore') return;
  const amount = 2_000;

  test('every message comes once and in order, wherever the wire is cut', { timeout: 60_000 }, async ({ connect, cuttable }) => {
    const random = new Random();
    console.info(`stateful reconnect on ${server.name}: SEED=${random.seed}`);
    const line = await lineOf({ connect, cuttable });
    const { client, link } = line;
    const asking = await connect({ path });
    const { id } = client;
    client.connection.on('ask', (question: string) => Number(question));
    const topic = fresh('topic');
    let reconnecting = false;
    void client.reconnecting.then(() => (reconnecting = true));

    let done = false;
    const cutting = cutAgainAndAgain(line, random, () => done);
    const [sums, counted, relayed, answers] = await Promise.all([
      pooled(amount, 20, (i) => client.invoke('Add', i, 1)),
      items(client, 'Count', amount),
      texts(client, amount),
      pooled(100, 1, (i) => asking.invoke('AskClient', id, String(i))),
      pooled(amount, 20, async (i) => client.connection.send('Tell', 'caller', [], [], `${topic}: ${i}`)),
    ]);
    done = true;
    link.cut();
    const cuts = await cutting;
    await client.settle();

    const seed = `SEED=${random.seed}`;
    expect(sums, seed).toEqual(upTo(amount));
    expect(counted, seed).toEqual(upTo(amount));
    expect(relayed, seed).toEqual(upTo(amount).map((i) => `<${i}>`));
    expect(answers, seed).toEqual(upTo(100).map((i) => i - 1));
    expect(client.messages(topic), seed).toEqual(upTo(amount).map((i) => String(i - 1)));
    expect(cuts, seed).toBeGreaterThan(3);
    expect([client.id, await client.invoke('Id'), reconnecting, client.connection.state]).toEqual([
      id,
      id,
      false,
      HubConnectionState.Connected,
    ]);
  });
}

function whileAway(test: CellTest): void {
  test('a client that comes back finds its id, its items, its groups and its user', async ({ connect, cuttable }) => {
    const user = fresh('user');
    const [{ client, link }, other] = await Promise.all([lineOf({ connect, cuttable }, { user }), connect({ path })]);
    const { id } = client;
    const topic = fresh('topic');
    await client.invoke('SetItem', 'colour', 'green');
    await client.invoke('Join', topic);
    for (const round of ['first', 'second', 'third']) {
      link.cut();
      await other.invoke('Tell', 'group', [topic], [], `${topic}: ${round} group`);
      await other.invoke('Tell', 'user', [user], [], `${topic}: ${round} user`);
      expect(await client.invoke('GetItem', 'colour')).toBe('green');
    }
    await client.settle();
    expect(client.messages(topic)).toEqual(['first', 'second', 'third'].flatMap((round) => [`${round} group`, `${round} user`]));
    expect([client.id, await client.invoke('Id'), await client.invoke('UserId')]).toEqual([id, id, user]);
  });

  test('a running invocation, an open stream and a question outlive the socket', async ({ connect, cuttable }) => {
    const [{ client, link }, asker, opener] = await Promise.all([lineOf({ connect, cuttable }), connect({ path }), connect({ path })]);
    const [gate, question] = [fresh('gate'), fresh('question')];
    let answer: (value: number) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      client.connection.on('ask', () => {
        resolve();
        return new Promise<number>((answered) => (answer = answered));
      });
    });
    const asking = asker.invoke('AskClient', client.id, question);
    await asked;
    const uploaded = new Subject<number>();
    const summing = client.invoke('SumBehind', gate, uploaded);
    uploaded.next(1);
    link.cut();
    await opener.invoke('Open', gate);
    uploaded.next(2);
    answer(5);
    uploaded.complete();
    expect(await Promise.all([summing, asking])).toEqual([3, 5]);
  });
}

function theEnd(test: CellTest): void {
  test('a client that stops is gone at once', async ({ connect, cuttable }) => {
    const { client, link } = await lineOf({ connect, cuttable });
    const watcher = await connect({ path });
    const { id } = client;
    link.cut();
    await client.settle();
    await watcher.invoke('Watch', id);
    await client.connection.stop();
    expect(await watcher.event('left', id)).toEqual([id, false]);
  });

  test('a method that ends its connection ends it for good', async ({ connect, cuttable }) => {
    const { client } = await lineOf({ connect, cuttable });
    const watcher = await connect({ path });
    const { id } = client;
    await watcher.invoke('Watch', id);
    await client.connection.send('Abort');
    expect(await client.closed).toBe(undefined);
    expect(await watcher.event('left', id)).toEqual([id, false]);
  });

  test('an endpoint that does not allow it serves the client as any other', async ({ connect }) => {
    const client = await connect({ stateful: true });
    expect(await client.invoke('Id')).toBe(client.id);
  });
}

export function statefulReconnect(test: CellTest, server: InteropServer, cell: Cell): void {
  test('a client that asks for it can call, whatever its transport', async ({ connect }) => {
    const client = await connect({ path, stateful: true });
    expect(await client.invoke('Add', 1, 1)).toBe(2);
  });

  if (cell.transport !== 'WebSockets') return;
  underLoad(test, server);
  whileAway(test);
  theEnd(test);
}
