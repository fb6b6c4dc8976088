import { defineHub, HubError, method, SignalR, streamOf, type HubFilter, type SignalROptions } from 'signalbox';
import { FakeClock, MemoryClient, MemoryConnection } from 'signalbox/conformance';
import { JsonHubProtocol, MessagePackHubProtocol } from 'signalbox/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { LengthPrefixedJson } from '../../examples/protocols/length-prefixed-json.ts';

interface Client {
  said(who: string, text: string): void;
  confirm(question: string): boolean;
}

const left: string[] = [];
const chat = defineHub<Client>()({
  connected: ({ groups }) => groups.join('room'),
  disconnected: ({ userId = 'nobody' }, error) => left.push(`${userId} ${error?.message ?? ''}`),
  results: { confirm: z.boolean() },
  methods: {
    say: method([z.string()], ({ clients, userId = 'nobody' }, text) => clients.group('room').said(userId, text)),
    nothing: method([], () => {}),
    refuse: method([], () => {
      throw new HubError('No.');
    }),
    ask: method([], ({ clients }) => clients.caller.invoke.confirm('Sure?')),
    count: method([z.int()], async function* ({ signal }, to) {
      try {
        for (let i = 1; i <= to && !signal.aborted; i++) yield i;
      } finally {
        left.push('count');
      }
    }),
    sum: method([streamOf(z.number()), z.number()], async (_, items, factor) => {
      let sum = 0;
      for await (const n of items) sum += n;
      return sum * factor;
    }),
    kick: method([], ({ abort }) => abort()),
  },
});

const hosts: SignalR[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  left.length = 0;
});

function serve(options: SignalROptions = {}): SignalR {
  const signalr = new SignalR(options);
  hosts.push(signalr);
  return signalr.map('/chat', chat);
}

async function* numbers(...all: number[]): AsyncGenerator<number> {
  yield* all;
}

describe.each([
  ['JSON', {}],
  ['MessagePack', { protocol: new MessagePackHubProtocol() }],
  ["a protocol of one's own", { protocol: new LengthPrefixedJson() }],
])('a client without a network that speaks %s', (_, options) => {
  const host = (): SignalR => serve({ protocols: [new LengthPrefixedJson(), new MessagePackHubProtocol(), new JsonHubProtocol()] });

  test('calls methods, hears events and answers', async () => {
    const signalr = host();
    const ada = await MemoryClient.connect(signalr, '/chat', { id: 'a', user: { sub: 'ada' }, ...options });
    const bob = await MemoryClient.connect(signalr, '/chat', { id: 'b', user: { sub: 'bob' }, ...options });
    expect(await ada.invoke('nothing')).toBeNull();
    expect(await ada.invoke('Say', 'hi')).toBeNull();
    expect([await bob.next('SAID'), await ada.next('said')]).toEqual([
      ['ada', 'hi'],
      ['ada', 'hi'],
    ]);
    await expect(ada.invoke('refuse')).rejects.toThrow('HubException: No.');
    await expect(ada.invoke('say', 5)).rejects.toThrow("Failed to invoke 'say' due to an error on the server.");
    await expect(ada.invoke('ask')).rejects.toThrow("Client didn't provide a result.");
    ada.on('Confirm', (question) => question === 'Sure?');
    expect(await ada.invoke('ask')).toBe(true);
    expect(await signalr.hub(chat).clients.client('a').invoke.confirm('Sure?')).toBe(true);
    expect(await ada.invoke('sum', numbers(1, 2, 3), 2)).toBe(12);
  });

  test('streams, and cancels by leaving', async () => {
    const ada = await MemoryClient.connect(host(), '/chat', options);
    const items: unknown[] = [];
    for await (const item of ada.stream('count', 3)) items.push(item);
    expect([items, left]).toEqual([[1, 2, 3], ['count']]);
    for await (const item of ada.stream('count', 1_000_000)) if (item === 2) break;
    expect(await ada.invoke('nothing')).toBeNull();
    expect(left).toEqual(['count', 'count']);
    await expect(ada.stream('nothing').next()).rejects.toThrow('non-streaming');
  });
});

describe('the end of a client without a network', () => {
  test('is told to whoever waits for something', async () => {
    const ada = await MemoryClient.connect(serve(), '/chat', { user: { sub: 'ada' } });
    const waiting = ada.next('said');
    ada.send('kick');
    await expect(waiting).rejects.toThrow('The connection has ended.');
    await expect(ada.next('other')).rejects.toThrow('The connection has ended.');
    await expect(ada.invoke('nothing')).rejects.toThrow('The connection has ended.');
    expect(await ada.closed).toEqual({ error: undefined, allowReconnect: false });
  });

  test('comes from the client', async () => {
    const ada = await MemoryClient.connect(serve(), '/chat', { user: { sub: 'ada' } });
    ada.close();
    await ada.closed;
    expect(left).toEqual(['ada ']);
    const bob = await MemoryClient.connect(serve(), '/chat', { user: { sub: 'bob' } });
    bob.connection.vanish(new Error('cut'));
    await bob.closed;
    expect(left).toEqual(['ada ', 'bob cut']);
  });

  test('comes from the host, which takes no more', async () => {
    const signalr = serve();
    const ada = await MemoryClient.connect(signalr, '/chat');
    await signalr.close();
    expect(await ada.closed).toEqual({ error: undefined, allowReconnect: true });
    await expect(MemoryClient.connect(signalr, '/chat')).rejects.toThrow(expect.objectContaining({ code: 'SIGNALBOX_SERVER_CLOSED' }));
  });

  test('comes with time, which stands still', async () => {
    const clock = new FakeClock();
    const ada = await MemoryClient.connect(serve({ clock, log: () => {} }), '/chat', { clock });
    ada.connection.send('{"type":6}\u001e');
    clock.advance(40_000);
    expect(await ada.closed).toEqual({ error: 'Connection closed with an error.', allowReconnect: true });
  });
});

test('a client is refused where there is no hub, and where it does not speak its protocol', async () => {
  const signalr = serve({ log: () => {} });
  await expect(MemoryClient.connect(signalr, '/other')).rejects.toThrow(expect.objectContaining({ code: 'SIGNALBOX_PATH_NOT_MAPPED' }));
  await expect(MemoryClient.connect(signalr, '/CHAT/', { protocol: new LengthPrefixedJson() })).rejects.toThrow(
    "The protocol 'length-prefixed-json' is not supported.",
  );
});

test('a connection handler takes connections, too', async () => {
  const signalr = serve().mapConnection('/echo', async (connection) => {
    for await (const chunk of connection.frames()) connection.write(chunk);
  });
  const connection = new MemoryConnection({ clock: new FakeClock() });
  signalr.accept('/echo', connection);
  const written = new Promise<void>((resolve) => (connection.changed = resolve));
  connection.send('hello');
  await written;
  expect(connection.take().toString()).toBe('hello');
  connection.vanish();
});

test('filters know the metadata of a method, and that it has none', async () => {
  const seen: unknown[] = [];
  const filter: HubFilter<unknown> = {
    invoke: ({ method: name, metadata }, next) => {
      seen.push([name, metadata]);
      return next();
    },
  };
  const hub = defineHub()({
    filters: [filter],
    methods: {
      costly: method([z.string()], { metadata: { cost: 5 } }, () => 1),
      cheap: method([], () => 2),
    },
  });
  const signalr = serve({ log: () => {} }).map('/hub', hub);
  const ada = await MemoryClient.connect(signalr, '/hub');
  expect([await ada.invoke('COSTLY', 'x'), await ada.invoke('cheap')]).toEqual([1, 2]);
  await expect(ada.invoke('none')).rejects.toThrow('Method does not exist.');
  expect(seen).toEqual([
    ['costly', { cost: 5 }],
    ['cheap', {}],
    ['none', {}],
  ]);
  const wrong = { metadata: 'cost' } as never;
  expect(() => defineHub()({ methods: { m: method([], wrong, () => 1) } })).toThrow(
    expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }),
  );
});
