import { once } from 'node:events';
import { createServer } from 'node:http';
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from '@microsoft/signalr';
import { defineHub, method, SignalR, silent, type SignalROptions } from 'signalbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { listen } from '../transport/serve.ts';

const hub = defineHub<object, string>()({ methods: { ping: method([], () => 'pong') } });

interface Host {
  readonly signalr: SignalR<string>;
  /** A client of the official library, not started. */
  readonly client: (user: string, path?: string, transport?: HttpTransportType) => HubConnection;
}

async function host(options: SignalROptions<string>): Promise<Host> {
  const signalr = new SignalR({
    authenticate: ({ url }): string | undefined => url.searchParams.get('user') ?? undefined,
    userId: (user) => user,
    log: silent,
    ...options,
  });
  signalr.map('/hub', hub).map('/other', hub);
  signalr.mapConnection('/raw', ({ signal }) => once(signal, 'abort'));
  const server = createServer();
  signalr.attach(server);
  const port = await listen(server);
  onTestFinished(() => signalr.close({ timeout: 100 }));
  const client: Host['client'] = (user, path = '/hub', transport = HttpTransportType.WebSockets) => {
    const url = `http://127.0.0.1:${port}${path}?user=${user}`;
    const connection = new HubConnectionBuilder().withUrl(url, { transport }).configureLogging(LogLevel.None);
    const built = connection.withAutomaticReconnect([0, 0]).build();
    onTestFinished(() => built.stop());
    return built;
  };
  return { signalr, client };
}

const ended = (connection: HubConnection): Promise<Error | undefined> =>
  new Promise((resolve) => {
    connection.onclose(resolve);
  });
const transports = [HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling];

describe('one session for each user', () => {
  test.each(transports)('closes the older one with a reason, which does not come back (transport %i)', async (transport) => {
    const { signalr, client } = await host({ connectionLimits: { perUser: { limit: 1, atLimit: 'closeOldest' } } });
    const [first, second, other] = [client('ann', '/hub', transport), client('ann', '/other', transport), client('bob')];
    const closed = ended(first);
    await first.start();
    await other.start();
    await second.start();
    expect((await closed)?.message).toBe(
      'Server returned an error on close: Connection closed with an error. ' +
        'HubException: The user may have 1 connection, and opened another: this one, the oldest, is closed.',
    );
    expect(await second.invoke('ping')).toBe('pong');
    expect(await other.invoke('ping')).toBe('pong');
    await expect.poll(() => signalr.connections).toBe(2);
  });

  test('closes a raw connection, too', async () => {
    const { signalr, client } = await host({ connectionLimits: { perUser: { limit: 1, atLimit: 'closeOldest' } } });
    const raw = new WebSocket(client('ann', '/raw').baseUrl.replace('http', 'ws'));
    await once(raw, 'open');
    const closed = once(raw, 'close');
    await client('ann').start();
    await closed;
    await expect.poll(() => signalr.connections).toBe(1);
  });
});

describe('a client too many', () => {
  test('is told so by the official client, and comes when another has left', async () => {
    const { signalr, client } = await host({ connectionLimits: { server: 1 } });
    const [first, second] = [client('ann'), client('bob')];
    await first.start();
    await expect(second.start()).rejects.toThrow(/Status code '503'/);
    await first.stop();
    await expect.poll(() => signalr.connections).toBe(0);
    await second.start();
    expect(await second.invoke('ping')).toBe('pong');
  });

  test('of one user, on whatever endpoint of the host', async () => {
    const { client } = await host({ connectionLimits: { perUser: 1 } });
    await client('ann', '/hub').start();
    await expect(client('ann', '/other').start()).rejects.toThrow(/Status code '429'/);
    await client('bob', '/other').start();
  });
});

test('a host tells how it stands with descriptors', async () => {
  const { signalr } = await host({});
  expect(signalr.descriptors.state).toBe(process.platform === 'linux' ? 'enough' : 'unknown');
  expect((await host({ descriptorReserve: null })).signalr.descriptors.state).toBe('unknown');
});
