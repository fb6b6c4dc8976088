import { readdirSync, readFileSync } from 'node:fs';
import { memoryRequest, MemoryClient } from 'signalbox/conformance';
import { JsonHubProtocol, MessagePackHubProtocol } from 'signalbox/protocol';
import { SignalR, type Claims } from 'signalbox';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { announce, moveTo, requestId, session, signalr } from '../../examples/hubs/host.ts';
import { rooms, type Member } from '../../examples/hubs/rooms.ts';
import { ordersHub, perCall, transaction, type Transaction } from '../../examples/hubs/scope.ts';
import { values } from '../../examples/hubs/values.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** Lines without their indentation: a page shows a part of a file. */
const unindented = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');

describe.each(['docs/hubs.md', 'docs/protocols.md', 'docs/backplanes.md'])('%s', (page) => {
  const tests = ['test/hub', 'test/conformance', 'test/bus', 'test/backplane'];
  const folders = ['examples/hubs', 'examples/protocols', 'examples/nats', 'examples/backplanes', ...tests];
  const sources = folders.flatMap((folder) => readdirSync(new URL(folder, root)).map((file) => unindented(read(`${folder}/${file}`))));
  const snippets = [...read(page).matchAll(/```ts\n([^]*?)```/g)].map(([, snippet = '']) => unindented(snippet));

  test('shows code', () => {
    expect(snippets.length).toBeGreaterThan(3);
  });

  test.each(snippets)('shows what is compiled and run: %s', (snippet) => {
    expect(sources.some((source) => source.includes(snippet))).toBe(true);
  });
});

describe('the hub of the page', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});

  afterAll(async () => {
    await signalr.close();
    log.mockRestore();
  });

  test('a message reaches who is in the room', async () => {
    const host = new SignalR<Member>({ userId: ({ id }) => id }).map('/rooms', rooms);
    const ada = await MemoryClient.connect(host, '/rooms', { user: { id: 'ada', admin: false } });
    const bob = await MemoryClient.connect(host, '/rooms', { user: { id: 'bob', admin: true } });

    await ada.invoke('say', 'hello');
    expect(await bob.next('message')).toEqual(['lobby', 'ada', 'hello']);

    bob.on('confirm', (question) => question === 'Leave lobby?');
    expect(await bob.invoke('LeaveRoom', 'lobby')).toBe(true);
    await expect(ada.invoke('close', 'lobby')).rejects.toThrow('unauthorized');
    await host.close();
  });

  const connect = (id: string, admin = false): Promise<MemoryClient> => {
    const features = [
      [session, { member: { id, admin } }],
      [requestId, `request of ${id}`],
    ] as const;
    return MemoryClient.connect(signalr, '/rooms', { id, user: { id, admin }, request: memoryRequest({ features }) });
  };

  test('does what its comments say', async () => {
    const ada = await connect('ada', true);
    const bob = await connect('bob');
    expect(await bob.invoke('whoAmI')).toBe('bob');
    await bob.invoke('nick', 'Bobby');
    expect(await bob.invoke('whoAmI')).toBe('Bobby');
    await bob.invoke('enter', 'kitchen');
    await ada.invoke('enter', 'kitchen');
    expect(await bob.next('message')).toEqual(['kitchen', 'system', 'Somebody came in.']);
    await ada.invoke('say', 'hi', 'kitchen');
    expect(await bob.next('message')).toEqual(['kitchen', 'ada', 'hi']);
    await ada.invoke('say', 'all');
    expect(await bob.next('message')).toEqual(['lobby', 'ada', 'all']);
    await expect(ada.invoke('enter', 'attic')).rejects.toThrow('RoomClosed: The attic is closed.');
    await expect(ada.invoke('leave', 'kitchen')).rejects.toThrow('Method does not exist.');
    await expect(bob.invoke('close', 'kitchen')).rejects.toThrow("Failed to invoke 'close' because user is unauthorized");
    await ada.invoke('close', 'kitchen');
    expect(log).toHaveBeenLastCalledWith('request of ada', 'ada', 'close');
    const words = (async function* () {
      yield 'one';
      yield 'two';
    })();
    expect(await bob.invoke('upload', words, 'words')).toBe('words: 6');
    for await (const time of bob.stream('clock', 1)) {
      expect(time).toMatch(/^\d{4}-.*Z$/);
      break;
    }
    bob.connection.vanish(new Error('lost'));
    await bob.closed;
    await vi.waitFor(() => expect(log).toHaveBeenLastCalledWith('Bobby', 'lost'));
  });

  test('is used from outside', async () => {
    const eve = await connect('eve');
    await announce('Hear, hear.');
    expect(await eve.next('message')).toEqual(['lobby', 'system', 'Hear, hear.']);
    eve.on('confirm', (question) => question === 'Move to cellar?');
    expect(await moveTo('eve', 'cellar')).toBe(true);
    await eve.invoke('say', 'dark', 'cellar');
    expect(await eve.next('message')).toEqual(['cellar', 'eve', 'dark']);
  });
});

test('a hub gets what it depends on, and a call its own scope', async () => {
  const events: string[] = [];
  const begin = (): Promise<Transaction> => {
    events.push('begin');
    return Promise.resolve({
      commit: () => Promise.resolve(void events.push('commit')),
      release: () => void events.push('end'),
    });
  };
  const place = (item: string): Promise<number> => {
    events.push(`${item} ${transaction() === undefined ? 'outside' : 'inside'}`);
    return item === 'nothing' ? Promise.reject(new Error('no')) : Promise.resolve(7);
  };
  const host = new SignalR<Claims>({ filters: [perCall(begin)], log: () => {} }).map('/orders', ordersHub({ place }));
  const client = await MemoryClient.connect(host, '/orders');
  expect(await client.invoke('order', 'tea')).toBe(7);
  await expect(client.invoke('order', 'nothing')).rejects.toThrow('unexpected');
  expect(events).toEqual(['begin', 'tea inside', 'commit', 'end', 'begin', 'nothing inside', 'end']);
  await host.close();
});

test.each([
  ['JSON', new JsonHubProtocol({ int64: 'auto' }), [Buffer.of(1, 2, 3).toString('base64'), '2024-02-29T12:34:56+02:00']],
  ['MessagePack', new MessagePackHubProtocol({ int64: 'auto' }), [Uint8Array.of(1, 2, 3), new Date('2024-02-29')]],
])('one method takes what clients of either protocol send: %s', async (_, protocol, [data, at]) => {
  const host = new SignalR({ protocols: [protocol] }).map('/values', values);
  const client = await MemoryClient.connect(host, '/values', { protocol });
  expect(await client.invoke('size', data)).toBe(3);
  expect(await client.invoke('year', at)).toBe(2024);
  for (const id of [41, '41']) expect(await client.invoke('next', id)).toBe('42');
  expect(await client.invoke('next', 2 ** 53 - 1)).toBe('9007199254740992');
  client.connection.send(protocol.write({ type: 1, invocationId: 'x', target: 'next', arguments: ['9007199254740993'] }));
  expect(await client.invoke('next', '9223372036854775806')).toBe('9223372036854775807');
  await expect(client.invoke('size', 'not base64')).rejects.toThrow('Failed to invoke');
  await host.close();
});
