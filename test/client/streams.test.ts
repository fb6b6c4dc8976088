import type { ISubscription } from '@microsoft/signalr';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Contract } from 'signalbox';
import { typed, type ConnectionOf } from 'signalbox/client';
import { deferred } from './deferred.ts';
import { completion, failure, item, ScriptedServer, type Message } from './scripted-server.ts';

interface Server {
  count(to: number): AsyncIterable<number>;
  endless(): AsyncIterable<number>;
  fail(): AsyncIterable<number>;
  echo(value: unknown): AsyncIterable<unknown>;
  settle(): void;
}

const isCall = ({ type }: Message): boolean => type === 4;
const isCancel = ({ type }: Message): boolean => type === 5;

let server: ScriptedServer;
let connection: Awaited<ReturnType<ScriptedServer['connect']>>;
let hub: ConnectionOf<Contract<Server, object>>;

beforeEach(async () => {
  server = await ScriptedServer.start({
    count(call, send) {
      const to = call.arguments?.[0] as number;
      send(...Array.from({ length: to }, (_, index) => item(call, index + 1)), completion(call));
    },
    settle: (call, send) => send(completion(call)),
    endless: (call, send) => send(item(call, 1), item(call, 2)),
    fail: (call, send) => send(item(call, 1), item(call, 2), failure(call, 'boom')),
  });
  connection = await server.connect();
  hub = typed<Contract<Server, object>>(connection);
});

afterEach(() => server.close());

/** Subscribes and collects what comes, in words. */
function listen(stream: { subscribe: ReturnType<typeof hub.stream.count>['subscribe'] }): {
  readonly heard: unknown[];
  readonly over: Promise<void>;
  readonly subscription: ISubscription<number>;
} {
  const heard: unknown[] = [];
  const over = deferred();
  const ending = (what: unknown): void => {
    heard.push(what);
    over.resolve();
  };
  const subscription = stream.subscribe({
    next: (value) => heard.push(value),
    complete: () => ending('complete'),
    error: (error: Error) => ending(error.message),
  });
  return { heard, over: over.promise, subscription };
}

describe('a stream that is iterated', () => {
  it('yields its items in order, then ends without a cancellation', async () => {
    const numbers: number[] = [];
    for await (const number of hub.stream.count(500)) numbers.push(number);
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    await server.caughtUp(connection);
    expect(server.received.some(isCancel)).toBe(false);
  });

  it('is called when it is iterated, so that nothing is lost before', async () => {
    const stream = hub.stream.count(3);
    const iterator = stream[Symbol.asyncIterator]();
    await server.caughtUp(connection);
    expect(server.received.some(isCall)).toBe(false);
    await expect(iterator.next()).resolves.toEqual({ done: false, value: 1 });
    await expect(iterator.next()).resolves.toEqual({ done: false, value: 2 });
  });

  it('is called anew each time', async () => {
    const stream = hub.stream.count(1);
    for await (const number of stream) expect(number).toBe(1);
    for await (const number of stream) expect(number).toBe(1);
    expect(server.received.filter(isCall)).toHaveLength(2);
  });

  it('is cancelled by leaving the loop', async () => {
    for await (const number of hub.stream.endless()) if (number === 2) break;
    const { invocationId } = await server.heard(isCall);
    expect(await server.heard(isCancel)).toEqual({ type: 5, invocationId });
  });

  it('is cancelled by an error in the loop', async () => {
    await expect(async () => {
      for await (const number of hub.stream.endless()) throw new Error(`no ${number}`);
    }).rejects.toThrow('no 1');
    await server.heard(isCancel);
  });

  it('is cancelled at once while it waits for an item', async () => {
    const iterator = hub.stream.endless()[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    const waiting = iterator.next();
    await setImmediate();
    await expect(iterator.return?.()).resolves.toEqual({ done: true, value: undefined });
    await expect(waiting).resolves.toEqual({ done: true, value: undefined });
    await server.heard(isCancel);
  });

  it('keeps what comes while an item is used', async () => {
    const numbers: number[] = [];
    for await (const number of hub.stream.endless()) {
      numbers.push(number);
      if (number !== 2) continue;
      const call = await server.heard(isCall);
      server.send(item(call, 3), item(call, 4), completion(call));
      await hub.invoke.settle();
    }
    expect(numbers).toEqual([1, 2, 3, 4]);
  });

  it('throws the error behind its items', async () => {
    const numbers: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const number of hub.stream.fail()) numbers.push(number);
    };
    await expect(reading()).rejects.toThrow('boom');
    expect(numbers).toEqual([1, 2]);
  });

  it('throws when the connection is cut', async () => {
    await expect(async () => {
      for await (const number of hub.stream.endless()) if (number === 2) server.cut();
    }).rejects.toThrow(/closed/);
  });

  it('throws when there is no connection, or an argument can not be written', async () => {
    await expect(async () => {
      for await (const value of hub.stream.echo(1n)) expect(value).toBe('never');
    }).rejects.toThrow(TypeError);
    await connection.stop();
    await expect(async () => {
      for await (const value of hub.stream.count(3)) expect(value).toBe('never');
    }).rejects.toThrow(/not in the 'Connected' State/);
  });

  it('answers several requests for items at once in their order', async () => {
    const iterator = hub.stream.count(2)[Symbol.asyncIterator]();
    const answers = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    expect(answers.map(({ done, value }) => (done === true ? 'done' : value))).toEqual([1, 2, 'done']);
  });
});

describe('a stream that is subscribed to', () => {
  it('hears items and the end', async () => {
    const { heard, over } = listen(hub.stream.count(2));
    await over;
    expect(heard).toEqual([1, 2, 'complete']);
  });

  it('hears the error', async () => {
    const { heard, over } = listen(hub.stream.fail());
    await over;
    expect(heard).toEqual([1, 2, 'boom']);
  });

  it('is cancelled by dispose, once', async () => {
    const { subscription } = listen(hub.stream.endless());
    subscription.dispose();
    subscription.dispose();
    await server.caughtUp(connection);
    expect(server.received.filter(isCancel)).toHaveLength(1);
  });

  it('is not cancelled when it is over', async () => {
    const { subscription, over } = listen(hub.stream.count(1));
    await over;
    subscription.dispose();
    await server.caughtUp(connection);
    expect(server.received.some(isCancel)).toBe(false);
  });
});
