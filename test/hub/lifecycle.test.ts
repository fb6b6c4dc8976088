import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineHub } from '../../src/hub/define-hub.ts';
import { itemKey } from '../../src/hub/context.ts';
import { HubError } from '../../src/hub/hub-error.ts';
import { method } from '../../src/hub/method.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

const events: string[] = [];
const visits = itemKey<number>('visits');
let welcome: () => unknown = () => {};

const hub = defineHub()({
  connected: async (context) => {
    events.push(`connected ${context.connectionId}`);
    await welcome();
  },
  disconnected: (context, error) => {
    events.push(`disconnected ${context.connectionId} ${error?.message ?? 'without error'}`);
  },
  methods: {
    ping: method([], () => 'pong'),
    abort: method([], ({ abort }) => abort()),
    visit: method([], ({ items }) => {
      items.set(visits, (items.get(visits) ?? 0) + 1);
      return [items.get(visits), items.has(visits), items.delete(itemKey('none'))];
    }),
    whoAmI: method([], ({ userId, user, connectionId, transport, signal }) => [userId, user, connectionId, transport, signal.aborted]),
    waitForEnd: method([], async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      events.push('aborted');
    }),
    echo: method([z.string()], (_, text) => text),
  },
});

function serve(options = {}): HubUnderTest<unknown, unknown> {
  events.length = 0;
  welcome = () => {};
  return new HubUnderTest(hub, options);
}

const closeText = 'Connection closed with an error.';

describe('a handshake', () => {
  const accepted = [
    '{"protocol":"json","version":1}',
    '{"version":2,"protocol":"JSON","more":{}}',
    '{"protocol":"json","version":0}',
    '{"protocol":"messagepack","version":1}',
  ];
  test.each(accepted)('%s is accepted', (request) => {
    const connection = serve().open();
    connection.send(`${request}\x1e`);
    expect(connection.take().toString()).toBe('{}\x1e');
    expect(connection.format).toBe(request.includes('messagepack') ? 'binary' : 'text');
  });

  const unexpected = 'An unexpected error occurred during connection handshake.';
  const refused: readonly (readonly [string, string])[] = [
    ['{"protocol":"json","version":3}', "The server does not support version 3 of the 'json' protocol."],
    ['{"protocol":"nope","version":1}', "The protocol 'nope' is not supported."],
    ['{"protocol":"__proto__","version":1}', "The protocol '__proto__' is not supported."],
    ['{"protocol":"","version":1}', "The protocol '' is not supported."],
    ['{"protocol":"json","version":"1"}', unexpected],
    ['{"protocol":"json"}', unexpected],
    ['[]', unexpected],
    ['not json', unexpected],
    ['', unexpected],
    ['{"type":6}', unexpected],
    ['\ufeff{"protocol":"json","version":1}', unexpected],
    ['x'.repeat(40_000), 'Handshake was canceled.'],
  ];
  test.each(refused)('%s is refused', (request, error) => {
    const connection = serve().open();
    connection.send(`${request}\x1e`);
    expect(JSON.parse(connection.take().toString().slice(0, -1))).toEqual({ error });
    expect(connection.end).toBeDefined();
    expect(events).toEqual([]);
  });

  test('may come in any pieces, with messages behind it', () => {
    const bytes = Buffer.from('{"protocol":"json","version":1}\x1e{"type":1,"invocationId":"1","target":"echo","arguments":["é世"]}\x1e');
    for (let cut = 1; cut < bytes.length; cut++) {
      const connection = new HubUnderTest(defineHub()({ methods: { echo: method((_, text) => text) } })).open();
      connection.send(bytes.subarray(0, cut));
      connection.send(bytes.subarray(cut));
      expect(connection.take().toString()).toBe('{}\x1e{"type":3,"invocationId":"1","result":"é世"}\x1e');
    }
  });

  test.each(['', '{"protocol"'])('that does not come is not waited for (%j)', (half) => {
    const server = serve();
    const connection = server.open();
    connection.send(half);
    server.clock.advance(14_900);
    expect(connection.end).toBeUndefined();
    server.clock.advance(400);
    expect(connection.take().toString()).toBe('{"error":"Handshake was canceled."}\x1e');
    expect(connection.end).toBeDefined();
    expect(server.clock.tasks).toBe(0);
  });

  test('names only the protocols that are on offer', () => {
    const connection = serve({ supportedProtocols: ['messagepack'] }).open();
    connection.send('{"protocol":"json","version":1}\x1e');
    expect(connection.take().toString()).toBe(`{"error":"The protocol 'json' is not supported."}\x1e`);
  });
});

describe('connected', () => {
  test('runs before the first call, which waits for it', async () => {
    const server = serve();
    let open: () => void = () => {};
    welcome = () => new Promise<void>((resolve) => (open = resolve));
    const client = server.connect();
    client.invoke('ping');
    await settle();
    expect(client.take()).toEqual([]);
    open();
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 'pong' }]);
  });

  test.each([
    [new Error('inner'), {}, closeText],
    [new HubError('No entry.'), {}, `${closeText} HubException: No entry.`],
    [new TypeError('inner'), { enableDetailedErrors: true }, `${closeText} TypeError: inner`],
  ])('that throws %s ends the connection for good', async (error, options, text) => {
    const server = serve(options);
    welcome = () => {
      throw error;
    };
    const client = server.connect();
    expect(await client.receive()).toEqual([{ type: 7, error: text }]);
    await settle();
    expect(events).toEqual(['connected c1']);
  });

  test('is over before disconnected begins', async () => {
    const server = serve();
    let open: () => void = () => {};
    welcome = () => new Promise<void>((resolve) => (open = resolve));
    server.connect().connection.vanish();
    await settle();
    expect(events).toEqual(['connected c1']);
    open();
    await settle();
    expect(events).toEqual(['connected c1', 'disconnected c1 without error']);
  });
});

describe('the end of a connection', () => {
  test.each([
    ['a close message', '{"type":7}', '{"type":7}\x1e', 'without error'],
    ['a close message with an error', '{"type":7,"error":"tired"}', '{"type":7}\x1e', 'tired'],
    ['abort()', '{"type":1,"target":"abort","arguments":[]}', '{"type":7}\x1e', 'without error'],
    ['a broken message', '{', `{"type":7,"error":"${closeText}","allowReconnect":true}\x1e`, 'Error reading JSON.'],
    ['a message without a type', '{}', `{"type":7,"error":"${closeText}","allowReconnect":true}\x1e`, "Missing required property 'type'."],
  ])('by %s', async (_, sent, answered, reason) => {
    const client = serve().connect();
    await settle();
    client.connection.send(`${sent}\x1e{"type":1,"invocationId":"9","target":"ping","arguments":[]}\x1e`);
    expect(client.connection.take().toString()).toBe(answered);
    expect(client.connection.end).toBeDefined();
    await settle();
    expect(events).toEqual(['connected c1', `disconnected c1 ${reason}`]);
  });

  test('by its transport has the reason of the transport', async () => {
    const client = serve().connect();
    await settle();
    client.connection.vanish(new Error('cut'));
    await settle();
    expect(events).toEqual(['connected c1', 'disconnected c1 cut']);
  });

  test('aborts the signal', async () => {
    const client = serve().connect();
    await settle();
    client.invoke('waitForEnd');
    client.connection.vanish();
    await settle();
    expect(events).toEqual(['connected c1', 'aborted', 'disconnected c1 without error']);
  });

  test('answers what was whole before a broken message, and nothing after it', async () => {
    const client = serve().connect();
    await settle();
    const call = '{"type":1,"invocationId":"1","target":"ping","arguments":[]}\x1e';
    client.connection.send(`${call}nonsense\x1e${call}`);
    expect(client.take()).toEqual([
      { type: 3, invocationId: '1', result: 'pong' },
      { type: 7, error: closeText, allowReconnect: true },
    ]);
  });

  test('by a message over the limit', async () => {
    const client = serve({ maximumReceiveMessageSize: 100, enableDetailedErrors: true }).connect();
    await settle();
    client.connection.send('x'.repeat(101));
    const text = `${closeText} InvalidDataException: The maximum message size of 100B was exceeded. The message size can be configured in AddHubOptions.`;
    expect(client.take()).toEqual([{ type: 7, error: text, allowReconnect: true }]);
  });

  test('leaves no timer behind', async () => {
    const server = serve();
    const client = server.connect();
    await settle();
    expect(server.clock.tasks).toBe(1);
    client.connection.vanish();
    expect(server.clock.tasks).toBe(0);
  });

  test('by the server tells every client to come back, and waits for the farewells', async () => {
    const server = serve();
    const [client, half] = [server.connect(), server.open()];
    await settle();
    await server.server.stop();
    expect(client.take()).toEqual([{ type: 7, allowReconnect: true }]);
    expect(half.take().toString()).toBe('{"error":"Handshake was canceled."}\x1e');
    expect(events).toEqual(['connected c1', 'disconnected c1 without error']);
  });
});

describe('keep-alive', () => {
  const TIMED_OUT = `{"type":7,"error":"${closeText}","allowReconnect":true}\x1e`;

  test('pings at its interval, whatever else is sent', async () => {
    const server = serve({ keepAliveInterval: 1_000 });
    const client = server.connect();
    await settle();
    let pings = 0;
    for (let i = 0; i < 50; i++) {
      server.clock.advance(100);
      client.invoke('ping');
      pings += client.take().filter(({ type }) => type === 6).length;
    }
    expect(pings).toBe(4);
  });

  test('does not ping over long polling', async () => {
    const server = serve({ keepAliveInterval: 1_000 });
    const client = server.connect({ transport: 'longPolling' });
    await settle();
    client.connection.pong();
    server.clock.advance(20_000);
    expect(client.take()).toEqual([]);
  });

  test('drops a client that pinged and then fell silent', async () => {
    const server = serve({ keepAliveInterval: 100_000, clientTimeoutInterval: 3_000 });
    const client = server.connect();
    await settle();
    client.send({ type: 6 });
    server.clock.advance(2_900);
    client.send({ type: 6 });
    server.clock.advance(2_900);
    expect(client.connection.end).toBeUndefined();
    server.clock.advance(400);
    expect(client.connection.take().toString()).toBe(TIMED_OUT);
    await settle();
    expect(events[1]).toBe('disconnected c1 The client sent nothing within the 3000 ms of clientTimeoutInterval.');
  });

  test('takes any message for a sign of life, but no WebSocket pong of a client that pings', async () => {
    const server = serve({ keepAliveInterval: 100_000, clientTimeoutInterval: 3_000 });
    const client = server.connect();
    await settle();
    client.send({ type: 6 });
    server.clock.advance(2_000);
    client.invoke('ping');
    server.clock.advance(2_000);
    client.connection.pong();
    expect(client.take()).toHaveLength(1);
    server.clock.advance(1_300);
    expect(client.connection.end).toBeDefined();
  });

  test('asks the transport of a client that never pings, and keeps it while that answers', async () => {
    const server = serve({ keepAliveInterval: 100_000, clientTimeoutInterval: 3_000 });
    const client = server.connect();
    await settle();
    for (let i = 0; i < 10; i++) {
      server.clock.advance(3_200);
      expect(client.connection.probes).toBe(1);
      client.connection.pong();
    }
    expect(client.connection.end).toBeUndefined();
  });

  test('drops a client that never pings when its transport does not answer either', async () => {
    const server = serve({ keepAliveInterval: 100_000, clientTimeoutInterval: 3_000 });
    const client = server.connect();
    await settle();
    server.clock.advance(6_500);
    expect(client.connection.end).toBeDefined();
    expect(client.take()).toEqual([]);
  });
});

describe('the context', () => {
  test('keeps items as long as the connection', async () => {
    const server = serve();
    const [a, b] = [server.connect(), server.connect()];
    a.invoke('visit');
    a.invoke('visit');
    b.invoke('visit');
    expect(((await a.receive(2)) as { result: unknown }[]).map(({ result }) => result)).toEqual([
      [1, true, false],
      [2, true, false],
    ]);
    expect(await b.receive()).toEqual([{ type: 3, invocationId: '1', result: [1, true, false] }]);
  });

  test('says who is calling', async () => {
    const client = serve().connect({ user: 'ann', transport: 'longPolling' });
    client.invoke('whoAmI');
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: ['ann', 'ann', 'c1', 'longPolling', false] }]);
  });
});
