import { expect } from 'vitest';
import type { Client } from '../client.ts';
import { type CellTest, type Connect, fresh } from '../fixtures.ts';
import type { InteropServer } from '../servers.ts';

interface Cast {
  readonly clients: Readonly<Record<'a' | 'b' | 'c' | 'd', Client>>;
  readonly odd: string;
  readonly even: string;
  readonly anna: string;
  readonly carl: string;
}

/** Four connections: a and b of one user, c of another, d of none; a and c in one group, b and d in another. */
async function cast(connect: Connect): Promise<Cast> {
  const [odd, even, anna, carl] = [fresh('odd'), fresh('even'), fresh('anna'), fresh('carl')];
  const [a, b, c, d] = await Promise.all([
    connect({ query: { user: anna } }),
    connect({ query: { user: anna } }),
    connect({ query: { user: carl } }),
    connect(),
  ]);
  await Promise.all([a.invoke('Join', odd), c.invoke('Join', odd), b.invoke('Join', even), d.invoke('Join', even)]);
  return { clients: { a, b, c, d }, odd, even, anna, carl };
}

interface Send {
  readonly to: string;
  readonly names?: readonly string[];
  readonly except?: readonly string[];
  /** Who must hear it, once each. */
  readonly heard: string;
}

/** Sends that name their targets, as any part of the process can make them. */
function namedSends({ clients: { a, b, c, d }, odd, even, anna, carl }: Cast): readonly Send[] {
  return [
    { to: 'all', heard: 'abcd' },
    { to: 'allExcept', except: [b.id, d.id, 'nobody'], heard: 'ac' },
    { to: 'client', names: [c.id], heard: 'c' },
    { to: 'client', names: ['nobody'], heard: '' },
    { to: 'clients', names: [b.id, c.id, 'nobody', b.id], heard: 'bc' },
    { to: 'group', names: [odd], heard: 'ac' },
    { to: 'group', names: [odd.toUpperCase()], heard: '' },
    { to: 'group', names: [fresh('empty')], heard: '' },
    { to: 'groups', names: [odd, even], heard: 'abcd' },
    { to: 'groupExcept', names: [odd], except: [a.id], heard: 'c' },
    { to: 'user', names: [anna], heard: 'ab' },
    { to: 'user', names: [anna.toUpperCase()], heard: '' },
    { to: 'users', names: [anna, carl, anna], heard: 'abc' },
    { to: 'users', names: [fresh('nobody')], heard: '' },
  ];
}

/** Sends from within a method that client a calls. */
const callersSends = ({ odd, even }: Cast): readonly Send[] => [
  { to: 'caller', heard: 'a' },
  { to: 'others', heard: 'bcd' },
  { to: 'othersInGroup', names: [odd], heard: 'c' },
  { to: 'othersInGroup', names: [even], heard: 'bd' },
];

const named = ({ to, names, except }: Send): string =>
  `${to} ${JSON.stringify(names ?? [])}${except ? ` except ${JSON.stringify(except)}` : ''}`;

/** Makes every send with a text of its own, and compares who heard which. */
async function compare(group: Cast, sends: readonly Send[], make: (send: Send, text: string) => Promise<unknown>): Promise<void> {
  const topic = fresh('targets');
  for (const send of sends) await make(send, `${topic}: ${named(send)}`);
  const heard = (text: string): string =>
    Object.entries(group.clients)
      .flatMap(([name, client]) =>
        client
          .messages(topic)
          .filter((message) => message === text)
          .map(() => name),
      )
      .join('');
  const allHeard = async (): Promise<object> => {
    await Promise.all(Object.values(group.clients).map((client) => client.settle()));
    return Object.fromEntries(sends.map((send) => [named(send), heard(named(send))]));
  };
  const expected = Object.fromEntries(sends.map((send) => [named(send), send.heard]));
  // Sends of a process, not of a client, may go several ways to the service.
  await expect.poll(allHeard, { timeout: 10_000 }).toEqual(expected);
  expect(await allHeard()).toEqual(expected);
}

/** Asks the server's process to act from outside its hub. */
async function outside(server: InteropServer, act: string, query: readonly (readonly [string, string])[]): Promise<void> {
  const response = await fetch(`${server.outside}/${act}?${new URLSearchParams(query.map(([name, value]) => [name, value])).toString()}`, {
    method: 'POST',
  });
  expect(response.status).toBe(200);
}

export function targets(test: CellTest, server: InteropServer): void {
  test('a method reaches every target', async ({ connect }) => {
    const group = await cast(connect);
    await compare(group, [...namedSends(group), ...callersSends(group)], ({ to, names = [], except = [] }, text) =>
      group.clients.a.invoke('Tell', to, names, except, text),
    );
  });

  test('the process reaches every target from outside the hub', async ({ connect }) => {
    const group = await cast(connect);
    await compare(group, namedSends(group), ({ to, names = [], except = [] }, text) =>
      outside(server, 'outside', [
        ['to', to],
        ['text', text],
        ...names.map((name) => ['name', name] as const),
        ...except.map((id) => ['except', id] as const),
      ]),
    );
  });

  test('a client in several of the named groups', async ({ connect }) => {
    const client = await connect();
    const [one, two] = [fresh('one'), fresh('two')];
    await client.invoke('Join', one);
    await client.invoke('Join', two);
    await client.invoke('Tell', 'groups', [one, two], [], `${one}: hello`);
    await client.settle();
    expect(client.messages(one)).toEqual(server.differs('namedTwice', { aspnetcore: ['hello', 'hello'], signalbox: ['hello'] }));
  });

  test('a client hears its groups from joining until leaving', async ({ connect }) => {
    const [client, speaker] = await Promise.all([connect(), connect()]);
    const group = fresh('group');
    const tell = (text: string): Promise<unknown> => speaker.invoke('Tell', 'group', [group], [], `${group}: ${text}`);
    await tell('too early');
    await client.invoke('Join', group);
    await client.invoke('Join', group);
    await tell('joined twice, heard once');
    await client.invoke('Leave', group);
    await tell('too late');
    await client.invoke('Leave', group);
    await client.invoke('Join', group);
    await tell('back again');
    await client.settle();
    expect(client.messages(group)).toEqual(['joined twice, heard once', 'back again']);
  });

  test('the process puts a connection into a group and takes it out', async ({ connect }) => {
    const client = await connect();
    const group = fresh('group');
    const which = [['connection', client.id] as const, ['group', group] as const];
    await outside(server, 'join', which);
    await client.invoke('Tell', 'group', [group], [], `${group}: in`);
    await outside(server, 'leave', which);
    await client.invoke('Tell', 'group', [group], [], `${group}: out`);
    await client.settle();
    expect(client.messages(group)).toEqual(['in']);
  });

  test('a connection leaves its groups and its user when it ends', async ({ connect }) => {
    const [group, user] = [fresh('group'), fresh('user')];
    const [gone, speaker] = await Promise.all([connect({ query: { user } }), connect()]);
    await gone.invoke('Join', group);
    await speaker.invoke('Watch', gone.id);
    const id = gone.id;
    await gone.connection.stop();
    await speaker.event('left', id);
    const back = await connect({ query: { user } });
    await speaker.invoke('Tell', 'group', [group], [], `${user}: to the group`);
    await speaker.invoke('Tell', 'user', [user], [], `${user}: to the user`);
    await back.settle();
    expect(back.messages(user)).toEqual(['to the user']);
  });

  test('a client gets the sends of one caller in their order', async ({ connect }) => {
    const [client, speaker] = await Promise.all([connect(), connect()]);
    const texts = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    const topic = fresh('order');
    await Promise.all(texts.map((text) => speaker.invoke('Tell', 'client', [client.id], [], `${topic}: ${text}`)));
    await client.settle();
    expect(client.messages(topic)).toEqual(texts);
  });
}
