import { defineHub, method, rateLimit, SignalR, streamOf, type HubFilter, type SignalROptions } from 'signalbox';
import { FakeClock, MemoryClient, MemoryConnection } from 'signalbox/conformance';
import { JsonHubProtocol } from 'signalbox/protocol';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { JsonLines } from '../protocol/hub/json-lines.ts';
import { StatefulHost, type Message } from './stateful-host.ts';

interface Client {
  confirm(question: string): boolean;
}

const seen: unknown[] = [];
let release = (): void => {};

const hub = defineHub<Client>()({
  results: { confirm: z.boolean() },
  disconnected: (_, error) => void seen.push(error?.message ?? 'left'),
  methods: {
    echo: method([z.string()], (_, text) => text),
    wait: method([], () => new Promise<string>((resolve) => (release = () => resolve('waited')))),
    ask: method([z.string()], ({ clients }, question) => clients.caller.invoke.confirm(question)),
    sum: method([streamOf(z.number())], async (_, numbers) => {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    }),
    count: method([], async function* ({ signal }) {
      try {
        for (let i = 0; ; i++) {
          yield i;
          if (i % 2 === 1) await new Promise<void>((resolve) => (release = resolve));
        }
      } finally {
        seen.push(signal.aborted);
      }
    }),
  },
});

function open(options: SignalROptions = {}): Promise<StatefulHost> {
  seen.length = 0;
  return StatefulHost.open((signalr) => signalr.map('/hub', hub), options);
}

const call = (invocationId: string, target: string, ...args: readonly unknown[]): Message => ({
  type: 1,
  invocationId,
  target,
  arguments: args,
});
const sequence = (sequenceId: number): Message => ({ type: 9, sequenceId });

describe('what is under way when a socket is lost', () => {
  test('an upload goes on behind the items that came', async () => {
    const host = await open();
    const client = await host.connect();
    const begun = { ...call('1', 'sum'), streamIds: ['u'] };
    const item = (value: number): Message => ({ type: 2, invocationId: 'u', item: value });
    client.send(begun, item(1));
    await client.call('echo', 'read').catch(() => {});
    await client.lose();
    expect(await client.comeBack()).toEqual(sequence(1));
    expect(await client.receive()).toMatchObject({ invocationId: 'c' });
    // As the client does: it repeats what was not acknowledged.
    client.send(sequence(1), begun, item(1), call('c', 'echo', 'read'), item(10), { type: 3, invocationId: 'u' });
    expect(await client.receive()).toEqual({ type: 3, invocationId: '1', result: 11 });
    client.webSocket.close();
    await host.expectNothingLeft();
    expect(host.ledger.statuses).toEqual(['ok', 'ok']);
  });

  test('a stream goes on, and its call is cancelled when nobody comes back', async () => {
    const host = await open();
    const client = await host.connect();
    client.send({ type: 4, invocationId: '1', target: 'count', arguments: [] });
    for (const item of [0, 1]) expect(await client.receive()).toMatchObject({ type: 2, item });
    await client.lose();
    release();
    expect(await client.comeBack()).toEqual(sequence(1));
    for (const item of [0, 1, 2, 3]) expect(await client.receive()).toMatchObject({ type: 2, item });
    await client.lose();
    host.clock.advance(15_200);
    await host.expectNothingLeft();
    release();
    await eventually(() => expect(seen).toContain(true));
    expect(host.ledger.statuses).toEqual(['canceled']);
  });

  test('a client result is asked for again, and answered once', async () => {
    const host = await open();
    const client = await host.connect();
    client.send(call('1', 'ask', 'sure?'));
    const asked = await client.receive();
    expect(asked).toMatchObject({ target: 'confirm', arguments: ['sure?'] });
    await client.lose();
    await client.comeBack();
    expect(await client.receive()).toEqual(asked);
    const answer = { type: 3, invocationId: asked['invocationId'], result: true };
    client.send(answer);
    expect(await client.receive()).toEqual({ type: 3, invocationId: '1', result: true });
    client.send(sequence(2), answer);
    expect(await client.call('echo', 'still here')).toMatchObject({ result: 'still here' });
    client.webSocket.close();
    await host.expectNothingLeft();
  });

  test('a client result that was asked for while nobody was there waits, and fails when nobody comes', async () => {
    const host = await open();
    const client = await host.connect();
    await client.lose();
    const { clients } = host.signalr.hub(hub);
    const asked = clients.client(client.connectionId).invoke.confirm('there?');
    await client.comeBack();
    const { invocationId } = await client.receive();
    client.send({ type: 3, invocationId, result: true });
    expect(await asked).toBe(true);
    await client.lose();
    const never = expect(clients.client(client.connectionId).invoke.confirm('there?')).rejects.toThrow(/^Connection '.+' disconnected\.$/);
    host.clock.advance(15_200);
    await never;
    await host.expectNothingLeft();
  });
});

describe('filters', () => {
  test('run once for a call, on whichever socket its result goes', async () => {
    const filter: HubFilter = {
      invoke: async ({ method: name }, next) => {
        seen.push(`begin ${name}`);
        const result = await next();
        seen.push(`end ${name}`);
        return result;
      },
      connected: async (_, next) => {
        seen.push('connected');
        await next();
      },
      disconnected: async (_, __, next) => {
        seen.push('disconnected');
        await next();
      },
    };
    const host = await open({ filters: [filter] });
    const client = await host.connect();
    client.send(call('1', 'wait'));
    await eventually(() => expect(seen).toContain('begin wait'));
    await client.lose();
    release();
    await client.comeBack();
    expect(await client.receive()).toMatchObject({ result: 'waited' });
    client.send(sequence(1), call('1', 'wait'));
    await client.call('echo', 'x');
    client.webSocket.close();
    await host.expectNothingLeft();
    expect(seen).toEqual(['connected', 'begin wait', 'end wait', 'begin echo', 'end echo', 'disconnected', 'left']);
  });

  test.each(['connection', 'user'] as const)('a rate limit for each %s is the same before and after', async (per) => {
    const host: StatefulHost = await open();
    const { clock } = host;
    const limited = await StatefulHost.open((signalr) => signalr.map('/hub', hub), {
      filters: [rateLimit({ per, capacity: 2, refillPerSecond: 1, clock })],
    });
    const user = { sub: 'ann' };
    const client = await limited.connect(user);
    expect(await client.call('echo', 'a')).toMatchObject({ result: 'a' });
    await client.lose();
    await client.comeBack(user);
    await client.receive();
    expect(await client.call('echo', 'b')).toMatchObject({ result: 'b' });
    await client.comeBack(user);
    await client.receive();
    await client.receive();
    const refused = 'LimitError: Too many calls: 2 at once and 1 a second are allowed. Try again in 1 s.';
    expect(await client.call('echo', 'c')).toMatchObject({
      error: `An unexpected error occurred invoking 'echo' on the server. ${refused}`,
    });
    clock.advance(1_000);
    expect(await client.call('echo', 'd')).toMatchObject({ result: 'd' });
    // What it repeats costs nothing.
    clock.advance(1_000);
    client.send(sequence(1), ...['a', 'b', 'c', 'd'].map((text) => call('c', 'echo', text)), call('e', 'echo', 'e'));
    expect(await client.receive()).toMatchObject({ invocationId: 'e', result: 'e' });
  });

  test('a call that a rate limit holds back goes on while its client is away, or is let go when it stays away', async () => {
    const clock = new FakeClock();
    const host = await open({ filters: [rateLimit({ per: 'connection', capacity: 1, refillPerSecond: 0.5, atLimit: 'wait', clock })] });
    const client = await host.connect();
    await client.call('echo', 'a');
    client.send(call('1', 'echo', 'b'));
    await eventually(() => expect(clock.tasks).toBe(1));
    await client.lose();
    clock.advance(2_200);
    await eventually(() => expect(host.ledger.statuses).toEqual(['ok', 'ok']));
    await client.comeBack();
    await client.receive();
    expect(await client.receive()).toMatchObject({ result: 'b' });
    client.send(call('2', 'echo', 'c'));
    await eventually(() => expect(clock.tasks).toBe(1));
    await client.lose();
    host.clock.advance(15_200);
    await host.expectNothingLeft();
    expect(clock.tasks).toBe(0);
    expect(host.ledger.statuses).toEqual(['ok', 'ok', 'error']);
  });

  test('a limit that closes ends a connection whose client is away', async () => {
    const clock = new FakeClock();
    const host = await open({ filters: [rateLimit({ per: 'connection', capacity: 1, refillPerSecond: 1, atLimit: 'close', clock })] });
    const client = await host.connect();
    client.send(call('1', 'wait'), call('2', 'echo', 'too much'));
    await eventually(() => expect(host.ledger.open.length).toBe(2));
    await client.lose();
    release();
    await host.expectNothingLeft();
    expect(seen).toEqual([expect.stringMatching(/^Too many calls/)]);
  });
});

describe('a protocol without acks', () => {
  test.each<[string, number]>([
    ['json', 1],
    ['json-lines', 1],
  ])('%s in version %i: the connection ends with its socket, and the log says why', async (protocol, version) => {
    const host = await open({ protocols: [new JsonHubProtocol(), new JsonLines()] });
    const { connectionToken, useStatefulReconnect } = await host.negotiate();
    expect(useStatefulReconnect).toBe(true);
    const target = `/hub?id=${String(connectionToken)}`;
    const client = host.client(target);
    await client.open();
    client.send({ protocol, version });
    expect(await client.receive()).toEqual({});
    expect(host.said('hub.reconnect-disabled')).toMatchObject([{ fields: { hub: '/hub', protocol, version } }]);
    expect(await host.upgrade(target)).toBe(409);
    await client.lose();
    expect(await host.upgrade(target)).toBe(404);
    await host.expectNothingLeft();
  });

  test('is not asked for them: version 2 of it is refused', async () => {
    const host = await open({ protocols: [new JsonLines()] });
    const { connectionToken } = await host.negotiate();
    const client = host.client(`/hub?id=${String(connectionToken)}`);
    await client.open();
    client.send({ protocol: 'json-lines', version: 2 });
    expect(await client.receive()).toEqual({ error: "The server does not support version 2 of the 'json-lines' protocol." });
    expect(await client.closed()).toBe(1000);
    await host.expectNothingLeft();
  });

  test('is no news where nobody negotiated stateful reconnect', async () => {
    const host = await open();
    const client = host.client('/hub');
    await client.open();
    client.send({ protocol: 'json', version: 1 });
    await client.receive();
    expect(host.said('hub.reconnect-disabled')).toEqual([]);
  });
});

describe('without a network', () => {
  const reconnects = { maximumQueuedBytes: 10_000, transportSendTimeout: 5_000 };

  test('a client of version 1 is gone when its socket is lost, as it would be', async () => {
    seen.length = 0;
    const signalr = new SignalR({ log: () => {}, clock: new FakeClock() }).map('/hub', hub);
    for (const options of [{}, { reconnects }]) {
      const client = await MemoryClient.connect(signalr, '/hub', options);
      const pending = expect(client.invoke('wait')).rejects.toThrow('The connection has ended.');
      client.connection.lose();
      await pending;
      expect(await client.closed).toEqual({ error: undefined, allowReconnect: false });
    }
    await eventually(() => expect(seen.length).toBe(2));
    expect(signalr.health().hubs).toMatchObject([{ connections: 0 }]);
    await signalr.close();
  });

  test('a connection of version 2 comes back', async () => {
    const clock = new FakeClock();
    const signalr = new SignalR({ log: () => {}, clock }).map('/hub', hub);
    const connection = new MemoryConnection({ clock, reconnects });
    signalr.accept('/hub', connection);
    connection.send('{"protocol":"json","version":2}\x1e');
    connection.send(`${JSON.stringify(call('1', 'echo', 'x'))}\x1e`);
    connection.lose();
    connection.reconnect();
    expect(connection.take().toString()).toBe('{"type":9,"sequenceId":1}\x1e{"type":3,"invocationId":"1","result":"x"}\x1e');
    await signalr.close();
    expect(clock.tasks).toBe(0);
  });
});
