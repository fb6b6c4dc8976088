import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Contract } from 'signalbox';
import { typed, type ConnectionOf } from 'signalbox/client';
import { completion, failure, invocation, ScriptedServer, type Message } from './scripted-server.ts';

interface Server {
  echo(first?: unknown, second?: unknown, third?: unknown): unknown;
  fail(): void;
  silent(value?: unknown): void;
  hasOwnProperty(): string;
  Renamed(): void;
}
interface Client {
  message(from: string, text: string): void;
  confirm(question: string): boolean;
}

let server: ScriptedServer;
let connection: Awaited<ReturnType<ScriptedServer['connect']>>;
let hub: ConnectionOf<Contract<Server, Client>>;

beforeEach(async () => {
  server = await ScriptedServer.start({
    echo: (call, send) => send(completion(call, call.arguments?.[0] ?? null)),
    fail: (call, send) => send(failure(call, 'HubException: no')),
    hasOwnProperty: (call: Message, send: (message: Message) => void) => send(completion(call, 'called')),
  });
  connection = await server.connect();
  hub = typed<Contract<Server, Client>>(connection);
});

afterEach(() => server.close());

describe('invoke', () => {
  it.each(['text', 0, false, null, { a: [1] }])('resolves to the result: %j', async (value) => {
    await expect(hub.invoke.echo(value)).resolves.toEqual(value);
  });

  it("rejects with the server's error", async () => {
    await expect(hub.invoke.fail()).rejects.toThrow('HubException: no');
  });

  it('rejects when the connection is cut', async () => {
    const called = hub.invoke.silent();
    const lost = expect(called).rejects.toThrow(/closed/);
    await server.heard(({ target }) => target === 'silent');
    server.cut();
    await lost;
  });

  it('rejects when there is no connection', async () => {
    const offline = typed<Contract<Server, Client>>(server.connection());
    await expect(offline.invoke.echo(1)).rejects.toThrow(/not in the 'Connected' State/);
  });

  it('rejects when an argument can not be written', async () => {
    await expect(hub.invoke.echo(1n)).rejects.toThrow(TypeError);
  });

  it('calls in the order of the calls', async () => {
    await Promise.all([hub.invoke.echo(1), hub.send.silent(2), hub.invoke.echo(3)]);
    expect(server.received.map((call) => call.arguments)).toEqual([[1], [2], [3]]);
  });
});

describe('send', () => {
  it('calls without waiting for an answer', async () => {
    await hub.send.silent('x');
    const call = await server.heard(({ target }) => target === 'silent');
    expect(call).toEqual({ type: 1, target: 'silent', arguments: ['x'] });
  });

  it('rejects where the official client throws', async () => {
    await expect(hub.send.silent(1n)).rejects.toThrow(TypeError);
  });

  it('rejects when there is no connection', async () => {
    await connection.stop();
    await expect(hub.send.silent()).rejects.toThrow(/not in the 'Connected' State/);
  });
});

describe('arguments', () => {
  it.each([
    [['a'], ['a']],
    [['a', undefined, undefined], ['a']],
    [[undefined, undefined], []],
    [
      [undefined, 'b', undefined],
      [null, 'b'],
    ],
    [
      ['a', null],
      ['a', null],
    ],
    [[], []],
  ] as [[unknown?, unknown?, unknown?], unknown[]][])('%j are sent as %j', async (given, sent) => {
    await hub.send.silent(...(given as [unknown]));
    const call = await server.heard(({ target }) => target === 'silent');
    expect(call.arguments).toEqual(sent);
  });
});

describe('names', () => {
  it('are sent as they are written', async () => {
    await hub.send.Renamed();
    expect((await server.heard(({ type }) => type === 1)).target).toBe('Renamed');
  });

  it('may be those of every object', async () => {
    await expect(hub.invoke.hasOwnProperty()).resolves.toBe('called');
  });

  it('leave out what promises and JSON look for', async () => {
    for (const calls of [hub.invoke, hub.send, hub.stream, hub.on]) {
      expect(await Promise.resolve(calls)).toBe(calls);
      expect(JSON.stringify(calls)).toBe('{}');
      expect(Reflect.get(calls, Symbol.toPrimitive)).toBeUndefined();
    }
    await server.caughtUp(connection);
    expect(server.received).toHaveLength(1);
  });
});

/** Sends an event and waits until the client has handled it. */
async function message(text: string): Promise<void> {
  server.send(invocation('message', ['a', text]));
  await hub.invoke.echo();
  await setImmediate();
}

describe('on', () => {
  let heard: string[];
  const handler = (from: string, text: string): unknown => heard.push(`${from}: ${text}`);

  beforeEach(() => {
    heard = [];
  });

  it('hears events until it is told not to', async () => {
    const off = hub.on.message(handler);
    await message('1');
    off();
    await message('2');
    expect(heard).toEqual(['a: 1']);
  });

  it('registers a handler as often as it is told', async () => {
    const offs = [hub.on.message(handler), hub.on.message(handler)];
    await message('1');
    offs[0]?.();
    await message('2');
    offs[0]?.();
    await message('3');
    offs[1]?.();
    await message('4');
    expect(heard).toEqual(['a: 1', 'a: 1', 'a: 2', 'a: 3']);
  });

  it("leaves the connection's own handlers alone", async () => {
    connection.on('message', handler);
    hub.on.message(handler)();
    await message('1');
    expect(heard).toEqual(['a: 1']);
  });

  it.each([
    ['at once', (question: string) => question === '?'],
    ['later', async (question: string) => question === '?'],
  ])('answers client results %s', async (_, confirm) => {
    hub.on.confirm(confirm);
    server.send(invocation('confirm', ['?'], 's1'));
    expect(await server.heard(({ type }) => type === 3)).toEqual({ type: 3, invocationId: 's1', result: true });
  });

  it("answers a client result with the handler's error", async () => {
    hub.on.confirm(() => {
      throw new Error('not now');
    });
    server.send(invocation('confirm', ['?'], 's1'));
    expect(await server.heard(({ type }) => type === 3)).toEqual({ type: 3, invocationId: 's1', error: 'Error: not now' });
  });
});
