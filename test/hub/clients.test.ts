import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import { method } from '../../src/hub/method.ts';
import type { HubClients } from '../../src/hub/targets.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

interface Client {
  note(text: string): void;
  ask(question: string): number;
}

const hub = defineHub<Client>()({
  results: { ask: z.int() },
  methods: {
    join: method([z.string()], ({ groups }, group) => groups.join(group)),
    leave: method([z.string()], ({ groups }, group) => groups.leave(group)),
    toCaller: method([], ({ clients }) => clients.caller.note('caller')),
    toOthers: method([], ({ clients }) => clients.others.note('others')),
    toOthersInGroup: method([z.string()], ({ clients }, group) => clients.othersInGroup(group).note('others in group')),
    askMe: method([z.string()], ({ clients }, question) => clients.caller.invoke.ask(question)),
    quick: method([], () => 'quick'),
  },
});

const note = (text: string): object => ({ type: 1, target: 'note', arguments: [text] });

describe('targets', () => {
  function crowd(): {
    readonly server: HubUnderTest<unknown, unknown>;
    readonly heard: () => string[];
    readonly clients: HubClients<Client>;
  } {
    const server = new HubUnderTest(hub);
    const people = ['ann', 'bob', 'ann'].map((user) => server.connect({ user }));
    people[0]?.invoke('join', 'g');
    people[1]?.invoke('join', 'g');
    people[1]?.invoke('join', 'h');
    for (const person of people) person.take();
    const heard = (): string[] => people.flatMap((person) => person.take().map(() => person.connection.id));
    return { server, heard, clients: server.server.clients as HubClients<Client> };
  }

  const cases: readonly (readonly [string, (clients: HubClients<Client>) => Promise<void>, readonly string[]])[] = [
    ['all', (clients) => clients.all.note('x'), ['c1', 'c2', 'c3']],
    ['allExcept', (clients) => clients.allExcept(['c2', 'none']).note('x'), ['c1', 'c3']],
    ['client', (clients) => clients.client('c2').note('x'), ['c2']],
    ['clients', (clients) => clients.clients(['c1', 'c3', 'none']).note('x'), ['c1', 'c3']],
    ['group', (clients) => clients.group('g').note('x'), ['c1', 'c2']],
    ['groups', (clients) => clients.groups(['g', 'h']).note('x'), ['c1', 'c2']],
    ['groupExcept', (clients) => clients.groupExcept('g', ['c1']).note('x'), ['c2']],
    ['user', (clients) => clients.user('ann').note('x'), ['c1', 'c3']],
    ['users', (clients) => clients.users(['ann', 'bob']).note('x'), ['c1', 'c2', 'c3']],
    ['send', (clients) => clients.all.send('anything', 1, 2), ['c1', 'c2', 'c3']],
  ];
  test.each(cases)('%s', async (_, send, expected) => {
    const { heard, clients } = crowd();
    await send(clients);
    expect(heard()).toEqual(expected);
  });

  test('caller, others and othersInGroup', async () => {
    const server = new HubUnderTest(hub);
    const [a, b, c] = [server.connect(), server.connect(), server.connect()];
    a.invoke('join', 'g');
    b.invoke('join', 'g');
    a.take();
    b.take();
    a.send(
      ...['toCaller', 'toOthers', 'toOthersInGroup'].map((target) => ({
        type: 1,
        target,
        arguments: target === 'toOthersInGroup' ? ['g'] : [],
      })),
    );
    expect(a.take()).toEqual([note('caller')]);
    expect(b.take()).toEqual([note('others'), note('others in group')]);
    expect(c.take()).toEqual([note('others')]);
    b.invoke('leave', 'g');
    b.take();
    a.send({ type: 1, target: 'toOthersInGroup', arguments: ['g'] });
    expect(b.take()).toEqual([]);
  });

  test('answer to any name but those that the language asks for', async () => {
    const server = new HubUnderTest(hub);
    const client = server.connect();
    const all = server.server.clients.all as unknown as Record<string, (...args: unknown[]) => Promise<void>>;
    for (const name of ['constructor', 'toString', '__proto__x', 'hasOwnProperty', 'Send']) await all[name]?.(1);
    expect(client.take().map(({ target }) => target)).toEqual(['constructor', 'toString', '__proto__x', 'hasOwnProperty', 'Send']);
    expect(await Promise.resolve(server.server.clients.all)).toBe(server.server.clients.all);
    expect(JSON.stringify(server.server.clients.all)).toBe('{}');
    expect(client.take()).toEqual([]);
  });

  test('keep the functions of a bounded number of names', async () => {
    const server = new HubUnderTest(hub);
    const client = server.connect();
    const all = server.server.clients.all as unknown as Record<string, (...args: unknown[]) => Promise<void>>;
    for (let i = 0; i < 3_000; i++) await all[`name${i}`]?.();
    expect(client.take()).toHaveLength(3_000);
    expect(Object.getOwnPropertyNames(Object.getPrototypeOf(all)).length).toBeLessThan(1_010);
  });

  test('refuse what can not be written, and go on', async () => {
    const server = new HubUnderTest(hub);
    const client = server.connect();
    await expect(server.server.clients.all.send('note', 2n ** 60n)).rejects.toMatchObject({ code: 'SIGNALBOX_NOT_SERIALISABLE' });
    await server.server.clients.all.send('note', 'next');
    expect(client.take()).toEqual([note('next')]);
  });
});

describe('a client result', () => {
  function asked(): {
    server: HubUnderTest<unknown, unknown>;
    clients: HubClients<Client>;
    client: ReturnType<HubUnderTest<unknown, unknown>['connect']>;
  } {
    const server = new HubUnderTest(hub);
    return { server, clients: server.server.clients as HubClients<Client>, client: server.connect() };
  }
  const reply = (more: object): Record<string, unknown> => ({ type: 3, invocationId: 's1', ...more });

  test('comes from outside a method', async () => {
    const { clients, client } = asked();
    const answer = clients.client('c1').invoke.ask('how many?');
    expect(await client.receive()).toEqual([{ type: 1, invocationId: 's1', target: 'ask', arguments: ['how many?'] }]);
    client.send(reply({ result: 42 }));
    expect(await answer).toBe(42);
  });

  test('comes from the caller within its own call, before what the caller sent earlier is run', async () => {
    const { client } = asked();
    client.invoke('askMe', 'sure?');
    client.send({ type: 1, invocationId: '2', target: 'quick', arguments: [] });
    expect(await client.receive()).toEqual([{ type: 1, invocationId: 's1', target: 'ask', arguments: ['sure?'] }]);
    client.send(reply({ result: 7 }));
    expect(await client.receive(2)).toEqual([
      { type: 3, invocationId: '1', result: 7 },
      { type: 3, invocationId: '2', result: 'quick' },
    ]);
  });

  test('comes even from a caller that is not read any further', async () => {
    const server = new HubUnderTest(hub, { maximumReadAhead: 1_000 });
    const client = server.connect();
    client.invoke('askMe', 'sure?');
    await client.receive();
    for (let i = 0; i < 100; i++) client.send({ type: 1, target: 'quick', arguments: [] });
    client.send(reply({ result: 7 }));
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 7 }]);
  });

  test('may be asked for in connected', async () => {
    const answers: unknown[] = [];
    const curious = defineHub<Client>()({
      results: { ask: z.int() },
      connected: async ({ clients }) => answers.push(await clients.caller.invoke.ask('who?')),
      methods: {},
    });
    const client = new HubUnderTest(curious).connect();
    await client.receive();
    client.send(reply({ result: 3 }));
    await settle();
    expect(answers).toEqual([3]);
  });

  test.each([
    ['an error', { error: 'cl err' }, 'cl err'],
    ['the wrong type', { result: 'x' }, /^Error trying to deserialize result of 'ask'\. /],
    ['nothing', {}, /^Error trying to deserialize result of 'ask'\. /],
  ])('can be %s', async (_, more, message) => {
    const { clients, client } = asked();
    const answer = clients.client('c1').invoke.ask('?');
    const failed = expect(answer).rejects.toThrow(message);
    await client.receive();
    client.send(reply(more));
    await failed;
  });

  test('is not waited for longer than said', async () => {
    const { server, clients, client } = asked();
    const failed = expect(clients.client('c1').invokeWith({ timeout: 1_000 }).ask('?')).rejects.toMatchObject({
      code: 'SIGNALBOX_CLIENT_RESULT_TIMEOUT',
    });
    await client.receive();
    server.clock.advance(1_300);
    await failed;
    client.send(reply({ result: 1 }));
    expect(client.connection.end).toBeUndefined();
  });

  test('is not waited for longer than the default', async () => {
    const { server, clients, client } = asked();
    const failed = expect(clients.client('c1').invoke.ask('?')).rejects.toMatchObject({ code: 'SIGNALBOX_CLIENT_RESULT_TIMEOUT' });
    await client.receive();
    client.connection.pong();
    server.clock.advance(30_300);
    await failed;
  });

  test('can be cancelled', async () => {
    const { clients, client } = asked();
    const controller = new AbortController();
    const failed = expect(clients.client('c1').invokeWith({ signal: controller.signal }).ask('?')).rejects.toThrow(
      'Invocation canceled by the server.',
    );
    await client.receive();
    controller.abort();
    await failed;
    await expect(clients.client('c1').invokeWith({ signal: controller.signal }).ask('?')).rejects.toThrow(
      'Invocation canceled by the server.',
    );
    expect(client.take()).toEqual([]);
  });

  test('fails with its connection', async () => {
    const { clients, client } = asked();
    const failed = expect(clients.client('c1').invoke.ask('?')).rejects.toThrow("Connection 'c1' disconnected.");
    await client.receive();
    client.connection.vanish();
    await failed;
    await expect(clients.client('c1').invoke.ask('?')).rejects.toThrow("Connection 'c1' does not exist.");
  });

  test('of another can not be given: who tries is closed, and the other can still answer', async () => {
    const { server, clients, client } = asked();
    const forger = server.connect();
    const answer = clients.client('c1').invoke.ask('?');
    await client.receive();
    forger.send(reply({ result: 666 }));
    expect(forger.take()).toEqual([{ type: 7, error: 'Connection closed with an error.', allowReconnect: true }]);
    client.send(reply({ result: 1 }));
    expect(await answer).toBe(1);
  });

  test('nobody asked for is ignored', async () => {
    const { client } = asked();
    client.send(reply({ result: 1 }), { type: 3, invocationId: '__proto__', result: 1 });
    expect(client.connection.end).toBeUndefined();
  });
});
