import { type IStreamResult, Subject } from '@microsoft/signalr';
import { expect } from 'vitest';
import type { Client } from '../client.ts';
import { type CellTest, fresh, roundTrips } from '../fixtures.ts';
import type { Cell } from '../servers.ts';

/** All items of a stream and the text of its error, if it ends in one. */
function collect(stream: IStreamResult<unknown>): Promise<{ items: unknown[]; error?: string }> {
  const items: unknown[] = [];
  return new Promise((resolve) => {
    stream.subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items }),
      error: (error: Error) => resolve({ items, error: error.message }),
    });
  });
}

const streamOf = (client: Client, method: string, ...args: unknown[]): ReturnType<typeof collect> =>
  collect(client.connection.stream(method, ...args));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Method, arguments, items, error. */
const streams: readonly (readonly [string, readonly unknown[], readonly number[], string?])[] = [
  ['Count', [0], []],
  ['Count', [3], [1, 2, 3]],
  ['CountAtOnce', [3], [1, 2, 3]],
  ['count', [1000], upTo(1000)],
  ['CountThenThrow', [2, 'boom'], [1, 2], 'An error occurred on the server while streaming results.'],
  ['CountThenRefuse', [2, 'enough'], [1, 2], 'An error occurred on the server while streaming results. HubException: enough'],
  ['RefuseStream', ['never'], [], `An unexpected error occurred invoking 'RefuseStream' on the server. HubException: never`],
  ['NoSuch', [], [], `Failed to invoke 'NoSuch' due to an error on the server. HubException: Method does not exist.`],
  ['Count', ['x'], [], `Failed to invoke 'Count' due to an error on the server.`],
  ['Void', [], [], `The client attempted to invoke the non-streaming 'Void' method with a streaming invocation.`],
];

function serverToClient(test: CellTest): void {
  test('streams bring their items and their end', async ({ connect }) => {
    const client = await connect();
    for (const [method, args, items, error] of streams) {
      const expected = error === undefined ? { items } : { items, error };
      expect(await streamOf(client, method, ...args), `${method}(${JSON.stringify(args)})`).toEqual(expected);
    }
    expect(await client.refusal('Count', 1)).toBe(
      `The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.`,
    );
  });

  test('detailed errors say why a stream broke', async ({ connect }) => {
    const client = await connect({ path: '/detailed' });
    expect(await streamOf(client, 'CountThenThrow', 1, 'boom')).toEqual({
      items: [1],
      error: 'An error occurred on the server while streaming results. InvalidOperationException: boom',
    });
  });

  test('several streams of one client run at once, beside invocations', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const gate = fresh('gate');
    const waiting = client.invoke('Gate', gate);
    await client.event('entered', gate);
    const all = await Promise.all(upTo(5).map((n) => streamOf(client, 'Count', n * 20)));
    expect(all.map(({ items }) => items.length)).toEqual([20, 40, 60, 80, 100]);
    await other.invoke('Open', gate);
    expect(await waiting).toBe(gate);
  });

  test('an open stream holds off neither invocations nor messages, and ends when the client disposes of it', async ({ connect }) => {
    const client = await connect();
    const key = fresh('stream');
    const stream = client.connection.stream<string>('Hang', key);
    const subscription = await new Promise<{ dispose(): void }>((resolve, reject) => {
      const subscribed = stream.subscribe({ next: () => resolve(subscribed), complete: () => {}, error: reject });
    });
    await client.invoke('Tell', 'caller', [], [], `${key}: meanwhile`);
    await client.settle();
    expect(client.messages(key)).toEqual(['meanwhile']);
    expect(client.count('cancelled', key)).toBe(0);
    subscription.dispose();
    expect(await client.event('cancelled', key)).toEqual([key]);
    expect(await client.invoke('Add', 1, 2)).toBe(3);
  });

  test('a stream is cancelled when its connection ends', async ({ connect }) => {
    const [client, watcher] = await Promise.all([connect(), connect()]);
    const key = fresh('stream');
    await watcher.invoke('Watch', client.id);
    const first = new Promise((resolve) => {
      client.connection.stream('Hang', key).subscribe({ next: resolve, complete: () => {}, error: () => {} });
    });
    expect(await first).toBe(key);
    await client.connection.stop();
    expect(await watcher.event('cancelled', key)).toEqual([key]);
  });
}

function clientToServer(test: CellTest, { transport }: Cell): void {
  test('an upload reaches the method item by item', async ({ connect }) => {
    const client = await connect();
    const numbers = new Subject<number>();
    const sum = client.invoke('Sum', numbers);
    for (const n of [1, 2, 3]) numbers.next(n);
    await client.connection.send('Void');
    numbers.next(4);
    numbers.complete();
    expect(await sum).toBe(10);
    const nothing = new Subject<number>();
    const empty = client.invoke('Sum', nothing);
    nothing.complete();
    expect(await empty).toBe(0);
  });

  test('two uploads of one call, with an argument between them', async ({ connect }) => {
    const client = await connect();
    const [left, right] = [new Subject<string>(), new Subject<string>()];
    const text = client.invoke('Concat', left, '|', right);
    right.next('c');
    left.next('a');
    right.next('d');
    left.next('b');
    right.complete();
    left.complete();
    expect(await text).toBe('ab|cd');
  });

  test('streams in both directions at once', async ({ connect }) => {
    const client = await connect();
    const texts = new Subject<string>();
    const stream = client.connection.stream<string>('Relay', texts);
    const items: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      stream.subscribe({
        next: (item) => {
          items.push(item);
          if (items.length === 3) texts.complete();
          else texts.next(`${items.length}`);
        },
        complete: resolve,
        error: reject,
      });
    });
    texts.next('0');
    await done;
    expect(items).toEqual(['<0>', '<1>', '<2>']);
  });

  test("an upload's error fails the method, with its text", async ({ connect }) => {
    const client = await connect();
    const numbers = new Subject<number>();
    const refusal = client.refusal('Sum', numbers);
    numbers.next(1);
    numbers.error(new Error('no more numbers'));
    expect(await refusal).toMatch(/^An unexpected error occurred invoking 'Sum' on the server\. HubException: .*no more numbers/);
  });

  test('an item of the wrong type fails the method', async ({ connect }) => {
    const client = await connect();
    const numbers = new Subject<unknown>();
    const refusal = client.refusal('Sum', numbers);
    // Nothing behind it: what the official client still has to send when it stops, it rejects where nobody can catch it.
    numbers.next('one');
    expect(await refusal).toBe(`An unexpected error occurred invoking 'Sum' on the server. HubException: Failed to bind Stream message.`);
    expect(await client.invoke('Add', 1, 1)).toBe(2);
  });

  test('an upload waits for a method that does not read yet', async ({ connect }) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const gate = fresh('gate');
    const numbers = new Subject<number>();
    const sum = client.invoke('SumBehind', gate, numbers);
    // Without WebSockets each item is a request of its own.
    const items = transport === 'WebSockets' ? 2000 : 200;
    for (const n of upTo(items)) numbers.next(n);
    numbers.complete();
    await roundTrips(other);
    await other.invoke('Open', gate);
    expect(await sum).toBe((items * (items + 1)) / 2);
  });
}

export function streaming(test: CellTest, cell: Cell): void {
  serverToClient(test);
  clientToServer(test, cell);
}
