import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import type { HubFilter, Invocation } from '../../src/hub/filter.ts';
import { HubError } from '../../src/hub/hub-error.ts';
import { method } from '../../src/hub/method.ts';
import { streamOf } from '../../src/hub/schema.ts';
import { HubUnderTest, settle, type TestClient } from './hub-under-test.ts';

const events: string[] = [];
let welcome: () => unknown = () => {};

const named = (name: string): HubFilter<unknown> => ({
  connected: async (_, next) => {
    events.push(`${name} connected`);
    await next();
  },
  invoke: async (invocation, next) => {
    events.push(`${name} ${invocation.hub}.${invocation.method}(${invocation.args.join()})`);
    const result = await next(invocation.args[0] === 'change' ? { ...invocation, args: ['changed'] } : invocation);
    events.push(`${name} got ${String(result)}`);
    return result;
  },
  disconnected: async (_, error, next) => {
    events.push(`${name} disconnected ${error?.message ?? ''}`);
    await next();
  },
});

const definition = {
  connected: ({ connectionId }: { readonly connectionId: string }): unknown => {
    events.push(`connected ${connectionId}`);
    return welcome();
  },
  disconnected: ({ connectionId }: { readonly connectionId: string }, error: Error | undefined): void => {
    events.push(`disconnected ${connectionId} ${error?.message ?? 'without error'}`);
  },
  methods: {
    echo: method([z.string()], (_, text) => {
      events.push('echo');
      return text;
    }),
    leave: method([], { name: 'LeaveRoom', authorize: () => false }, () => 'left'),
    count: method([z.int()], async function* (_, to) {
      for (let i = 1; i <= to; i++) yield i;
    }),
    sum: method([streamOf(z.number())], async (_, numbers) => {
      let sum = 0;
      for await (const n of numbers) sum += n;
      return sum;
    }),
    whoAmI: method([], ({ userId }) => userId),
  },
};

const serve = (...filters: readonly HubFilter<unknown>[]): HubUnderTest<unknown, unknown> =>
  new HubUnderTest(defineHub()(definition), { filters });

/** A hub whose filters do one thing with a call. */
const invoking = (invoke: NonNullable<HubFilter<unknown>['invoke']>): TestClient => serve({ invoke }).connect();

/** The completion of the next call. */
const answer = async (client: TestClient): Promise<Record<string, unknown>> => (await client.receive())[0] ?? {};
const failed = (target: string, text: string): object => ({
  type: 3,
  invocationId: '1',
  error: `An unexpected error occurred invoking '${target}' on the server.${text}`,
});

beforeEach(() => {
  events.length = 0;
  welcome = () => {};
});

describe('filters', () => {
  test('run around everything, in order, for methods that do not exist too', async () => {
    const client = serve(named('outer'), {}, named('inner')).connect();
    client.invoke('echo', 'change');
    client.invoke('NoSuch');
    expect(await client.receive(2)).toEqual([
      { type: 3, invocationId: '1', result: 'changed' },
      {
        type: 3,
        invocationId: '1',
        error: "Failed to invoke 'NoSuch' due to an error on the server. HubException: Method does not exist.",
      },
    ]);
    client.connection.vanish();
    await settle();
    expect(events).toEqual([
      'outer connected',
      'inner connected',
      'connected c1',
      'outer test.echo(change)',
      'inner test.echo(changed)',
      'echo',
      'inner got changed',
      'outer got changed',
      'outer test.NoSuch()',
      'inner test.NoSuch()',
      'outer disconnected ',
      'inner disconnected ',
      'disconnected c1 without error',
    ]);
  });

  test("of the host stand outside the hub's own", async () => {
    const hub = defineHub()({ ...definition, filters: [named('hub')] });
    const client = new HubUnderTest(hub, { filters: [named('host')] }).connect();
    client.invoke('echo', 'x');
    await client.receive();
    expect(events.filter((event) => event.includes('test.echo'))).toEqual(['host test.echo(x)', 'hub test.echo(x)']);
  });

  test('keep their `this`', async () => {
    class Counting implements HubFilter<unknown> {
      calls = 0;
      invoke(_: unknown, next: () => Promise<unknown>): Promise<unknown> {
        this.calls++;
        return next();
      }
    }
    const counting = new Counting();
    const client = serve(counting).connect();
    client.invoke('echo', 'x');
    await client.receive();
    expect(counting.calls).toBe(1);
  });
});

describe('a filter of calls', () => {
  test("sees the method's name as declared, raw arguments, and what streams there are", async () => {
    const seen: Partial<Invocation<unknown>>[] = [];
    const client = invoking(({ hub, method: name, args, streaming, uploads }, next) => {
      seen.push({ hub, method: name, args, streaming, uploads });
      return next();
    });
    client.invoke('ECHO', 7);
    client.invoke('leaveroom', { any: 'thing' });
    client.send({ type: 4, invocationId: '2', target: 'count', arguments: [1] });
    client.send({ type: 1, target: 'sum', arguments: [], streamIds: ['s'] }, { type: 3, invocationId: 's' });
    await settle();
    expect(seen).toEqual([
      { hub: 'test', method: 'echo', args: [7], streaming: false, uploads: 0 },
      { hub: 'test', method: 'LeaveRoom', args: [{ any: 'thing' }], streaming: false, uploads: 0 },
      { hub: 'test', method: 'count', args: [1], streaming: true, uploads: 0 },
      { hub: 'test', method: 'sum', args: [], streaming: false, uploads: 1 },
    ]);
  });

  test('can change arguments, which are validated behind it', async () => {
    const client = invoking((invocation, next) => next({ ...invocation, args: [invocation.args[0] === 'good' ? 'better' : 5] }));
    client.invoke('echo', 'good');
    expect(await answer(client)).toMatchObject({ result: 'better' });
    client.invoke('echo', 'bad');
    expect(await answer(client)).toHaveProperty('error');
  });

  test('can change the context', async () => {
    const client = invoking((invocation, next) =>
      next({ ...invocation, context: Object.create(invocation.context, { userId: { value: 'somebody' } }) as typeof invocation.context }),
    );
    client.invoke('whoAmI');
    expect(await answer(client)).toMatchObject({ result: 'somebody' });
  });

  test('can change the result, after waiting', async () => {
    const client = invoking(async (_, next) => {
      await settle();
      const result = await next();
      await settle();
      return [result];
    });
    client.invoke('echo', 'x');
    client.invoke('echo', 'y');
    expect(await client.receive(2)).toMatchObject([{ result: ['x'] }, { result: ['y'] }]);
  });

  test('can answer in place of the method, also of one that does not exist', async () => {
    const client = invoking(() => Promise.resolve('cached'));
    client.invoke('echo', 'x');
    client.invoke('NoSuch');
    expect(await client.receive(2)).toMatchObject([{ result: 'cached' }, { result: 'cached' }]);
    expect(events).not.toContain('echo');
  });

  test('can call the method again', async () => {
    let tries = 0;
    const client = invoking(async (_, next) => {
      for (;;) {
        const result = await next();
        if (++tries === 3) return result;
      }
    });
    client.invoke('echo', 'x');
    expect(await answer(client)).toMatchObject({ result: 'x' });
    expect(events.filter((event) => event === 'echo').length).toBe(3);
  });

  test('can refuse a call in its own words, and only a HubError shows', async () => {
    const client = invoking(({ args }) =>
      args.length > 0 ? Promise.reject(new HubError('Too many calls.')) : Promise.reject(new TypeError('secret')),
    );
    client.invoke('echo', 'x');
    expect(await answer(client)).toEqual(failed('echo', ' HubException: Too many calls.'));
    client.invoke('echo');
    expect(await answer(client)).toEqual(failed('echo', ''));
  });

  test('that throws before there is a promise fails the call, and nothing else', async () => {
    const client = invoking(({ args }, next) => {
      if (args[0] === 'bad') throw new HubError('At once.');
      return next();
    });
    client.invoke('echo', 'bad');
    expect(await answer(client)).toEqual(failed('echo', ' HubException: At once.'));
    client.invoke('echo', 'good');
    expect(await answer(client)).toMatchObject({ result: 'good' });
  });

  test('hears of what went wrong behind it', async () => {
    const heard: string[] = [];
    const client = invoking(async (_, next) => {
      try {
        return await next();
      } catch (error) {
        heard.push((error as Error).message);
        return 'instead';
      }
    });
    client.invoke('NoSuch');
    client.invoke('LeaveRoom');
    client.invoke('echo');
    expect(await client.receive(3)).toMatchObject([{ result: 'instead' }, { result: 'instead' }, { result: 'instead' }]);
    expect(heard).toEqual([
      expect.stringContaining('Method does not exist.'),
      expect.stringContaining('user is unauthorized'),
      expect.stringContaining('Failed to invoke'),
    ]);
  });

  test('runs around calls that want no answer', async () => {
    const client = serve(named('filter')).connect();
    client.send({ type: 1, target: 'echo', arguments: ['x'] });
    await settle();
    expect(events).toContain('filter got x');
    expect(client.take()).toEqual([]);
  });

  test('sees the items of a stream, and can put another stream in its place', async () => {
    const client = invoking(async ({ streaming }, next) => {
      const result = await next();
      if (!streaming) return result;
      return (async function* () {
        for await (const item of result as AsyncIterable<number>) yield item * 10;
      })();
    });
    client.send({ type: 4, invocationId: '1', target: 'count', arguments: [2] });
    expect(await client.receive(3)).toEqual([
      { type: 2, invocationId: '1', item: 10 },
      { type: 2, invocationId: '1', item: 20 },
      { type: 3, invocationId: '1' },
    ]);
  });

  test('may still wait when the caller cancels its stream, or leaves', async () => {
    let go = (): void => {};
    const signals: AbortSignal[] = [];
    const client = invoking(async ({ context }, next) => {
      signals.push(context.signal);
      await new Promise<void>((resolve) => (go = resolve));
      return next();
    });
    await settle();
    client.send({ type: 4, invocationId: '1', target: 'count', arguments: [2] });
    client.send({ type: 5, invocationId: '1' });
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1' }]);
    expect(signals[0]?.aborted).toBe(true);
    go();
    await settle();
    expect(client.take()).toEqual([]);
    client.invoke('echo', 'x');
    client.connection.vanish();
    await settle();
    expect(signals[1]?.aborted).toBe(true);
    go();
    await settle();
  });
});

describe('a filter of connections', () => {
  const close = (text: string): object[] => [{ type: 7, error: `Connection closed with an error.${text}` }];

  test('can refuse one in its own words: nothing behind it runs', async () => {
    const server = serve(named('outer'), { connected: () => Promise.reject(new HubError('Not today.')) }, named('inner'));
    const client = server.connect();
    expect(await client.receive()).toEqual(close(' HubException: Not today.'));
    await settle();
    expect(events).toEqual(['outer connected']);
    expect(server.logged.map(({ event }) => event)).toMatchObject([{ id: 'hub.connected-refused', level: 'debug' }]);
  });

  test('that fails ends the connection, and tells the operator', async () => {
    const server = serve({ connected: () => Promise.reject(new TypeError('secret')) });
    expect(await server.connect().receive()).toEqual(close(''));
    expect(server.logged.map(({ event }) => event)).toMatchObject([{ id: 'hub.connected-failed', level: 'error' }]);
  });

  test('makes calls wait until it is done', async () => {
    let go = (): void => {};
    const server = serve({
      connected: async (_, next) => {
        await new Promise<void>((resolve) => (go = resolve));
        await next();
      },
    });
    const client = server.connect();
    client.invoke('echo', 'x');
    await settle();
    expect(events).toEqual([]);
    go();
    expect(await answer(client)).toMatchObject({ result: 'x' });
    expect(events).toEqual(['connected c1', 'echo']);
  });

  test('sees the connected handler fail, and may let the client in all the same', async () => {
    welcome = () => Promise.reject(new HubError('No.'));
    const client = serve({ connected: (_, next) => next().catch(() => {}) }).connect();
    client.invoke('echo', 'x');
    expect(await answer(client)).toMatchObject({ result: 'x' });
  });

  test('hears why a connection ended, and its failure costs nobody anything', async () => {
    const server = serve(named('outer'), {
      disconnected: async (_, error, next) => {
        await next();
        throw new TypeError(`after ${error?.message}`);
      },
    });
    const client = server.connect();
    await settle();
    client.connection.vanish(new Error('The cable was cut.'));
    await settle();
    expect(events.slice(2)).toEqual(['outer disconnected The cable was cut.', 'disconnected c1 The cable was cut.']);
    expect(server.logged).toMatchObject([{ event: { id: 'hub.disconnected-failed' }, error: { message: 'after The cable was cut.' } }]);
    server.connect().invoke('echo', 'x');
  });

  test('can end one later for a reason, which client and handler hear', async () => {
    const client = invoking(({ context }, next) => {
      context.abort(new HubError('Enough.'));
      return next();
    });
    client.invoke('echo', 'x');
    expect(await client.receive()).toEqual(close(' HubException: Enough.'));
    await settle();
    expect(events.at(-1)).toBe('disconnected c1 Enough.');
  });
});
