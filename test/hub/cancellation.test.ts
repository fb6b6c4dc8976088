import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import { HubError } from '../../src/hub/hub-error.ts';
import { method } from '../../src/hub/method.ts';
import { streamOf } from '../../src/hub/schema.ts';
import type { Telemetry } from '../../src/telemetry/telemetry.ts';
import { HubUnderTest, settle, type TestClient } from './hub-under-test.ts';

const seen: string[] = [];
/** Waits for the end that the signal tells of, or for nothing where it has told already. */
const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};
const stop = { cancellable: true };

const hub = defineHub()({
  methods: {
    wait: method([], stop, async ({ signal }) => {
      await aborted(signal);
      seen.push('aborted');
      return 'late result';
    }),
    fail: method([], stop, async ({ signal }) => {
      await aborted(signal);
      throw signal.reason;
    }),
    tell: method([], stop, async ({ signal }) => {
      await aborted(signal);
      throw new HubError('Enough.');
    }),
    sum: method([streamOf(z.number())], stop, async ({ signal }, numbers) => {
      signal.addEventListener('abort', () => void seen.push('aborted'));
      let sum = 0;
      for await (const n of numbers) sum += n;
      return sum;
    }),
    quick: method([], stop, ({ signal }) => signal.aborted),
    deaf: method([], async ({ signal }) => {
      signal.addEventListener('abort', () => void seen.push('aborted'));
      await new Promise<void>((resolve) => (release = resolve));
      return 'done';
    }),
    count: method([], async function* ({ signal }) {
      yield 1;
      await aborted(signal);
    }),
  },
});
let release: () => void = () => {};

const call = (target: string, more: object = {}): Record<string, unknown> => ({
  type: 1,
  invocationId: '1',
  target,
  arguments: [],
  ...more,
});
const cancel = { type: 5, invocationId: '1' };

function connect(): { readonly server: HubUnderTest<unknown, unknown>; readonly client: TestClient } {
  seen.length = 0;
  const server = new HubUnderTest(hub);
  return { server, client: server.connect() };
}

describe('a call of a cancellable method', () => {
  test('is answered by what the method ends with when its caller cancels it', async () => {
    const { client } = connect();
    client.send(call('wait'));
    await settle();
    expect([seen, client.take()]).toEqual([[], []]);
    client.send(cancel);
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 'late result' }]);
    expect(seen).toEqual(['aborted']);
  });

  test.each([
    ['fail', ''],
    ['tell', ' HubException: Enough.'],
  ])('may %s then, which is no news to the operator', async (target, detail) => {
    const { server, client } = connect();
    client.send(call(target), cancel);
    const error = `An unexpected error occurred invoking '${target}' on the server.${detail}`;
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', error }]);
    expect(server.logged).toEqual([]);
  });

  test('is told of it also while it waits for its turn, and runs all the same', async () => {
    const { client } = connect();
    client.send(call('deaf', { invocationId: '0' }), call('quick'), cancel);
    await settle();
    release();
    expect(await client.receive(2)).toEqual([
      { type: 3, invocationId: '0', result: 'done' },
      { type: 3, invocationId: '1', result: true },
    ]);
  });

  test('is cancelled ahead of the calls that wait behind it', async () => {
    const { client } = connect();
    client.send(call('wait'), call('quick', { invocationId: '2' }), cancel);
    expect(await client.receive(2)).toEqual([
      { type: 3, invocationId: '1', result: 'late result' },
      { type: 3, invocationId: '2', result: false },
    ]);
  });

  test('may have streams of the caller, which go on', async () => {
    const { client } = connect();
    client.send(call('sum', { streamIds: ['s'] }), cancel, { type: 2, invocationId: 's', item: 4 }, { type: 3, invocationId: 's' });
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 4 }]);
    expect(seen).toEqual(['aborted']);
  });

  test('keeps its id while it runs, as a stream does, and gives it back', async () => {
    const { client } = connect();
    const inUse = { type: 3, invocationId: '1', error: "Invocation ID '1' is already in use." };
    client.send(call('wait'), call('wait'), { ...call('count'), type: 4 });
    expect(await client.receive(2)).toEqual([inUse, inUse]);
    client.send(cancel);
    await client.receive();
    client.send({ ...call('count'), type: 4 });
    expect(await client.receive()).toEqual([{ type: 2, invocationId: '1', item: 1 }]);
    client.send(call('wait'));
    expect(await client.receive()).toEqual([inUse]);
    client.send(cancel, call('quick'));
    expect(await client.receive(2)).toContainEqual({ type: 3, invocationId: '1', result: false });
  });

  test('is told of the end of its connection, with an id or without', async () => {
    const { server, client } = connect();
    client.send(call('wait'), call('sum', { invocationId: undefined, streamIds: ['s'] }));
    await settle();
    client.connection.vanish();
    await settle();
    expect(seen).toEqual(['aborted', 'aborted']);
    expect(server.logged.map(({ error }) => String(error))).toEqual(["Error: Connection 'c1' disconnected."]);
  });

  test('is told wrong arguments where it is cancelled as well', async () => {
    const { client } = connect();
    client.send(call('deaf', { invocationId: '0' }), call('quick', { arguments: [1] }), cancel);
    await settle();
    release();
    expect(await client.receive(2)).toContainEqual({
      type: 3,
      invocationId: '1',
      error: "Failed to invoke 'quick' due to an error on the server.",
    });
  });
});

test('a call of any other method is not cancelled', async () => {
  const { client } = connect();
  client.send(call('deaf'), cancel);
  await settle();
  release();
  expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 'done' }]);
  expect(seen).toEqual([]);
});

test('telemetry tells a cancelled call that failed from one that ended well', async () => {
  const lines: string[] = [];
  const telemetry: Telemetry = {
    hub: () => ({
      opened: () => ({
        received: () => {},
        itemReceived: () => {},
        itemSent: () => {},
        around: (_, run) => run(),
        refused: () => {},
        called: ({ method: name }) => ({ ended: (status) => void lines.push(`${name} ${status}`) }),
      }),
      asked: () => ({ ended: () => {} }),
    }),
  };
  const client = new HubUnderTest(hub, { telemetry }).connect();
  client.send(call('wait'), cancel);
  await client.receive();
  client.send(call('fail'), cancel);
  await client.receive();
  expect(lines).toEqual(['wait ok', 'fail canceled']);
});
