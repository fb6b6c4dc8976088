import {
  HttpTransportType,
  HubConnectionBuilder,
  JsonHubProtocol,
  Subject,
  type HubConnection,
  type IHttpConnectionOptions,
} from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { afterEach, describe, expect, it } from 'vitest';
import { conformanceTarget, type Sent } from './conformance-target.ts';

const target = conformanceTarget();
const get = async (path: string): Promise<string> => (await target.ask('GET', path)).text();

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;
const started: HubConnection[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((connection) => connection.stop()));
});

/** A connection of the official client, not yet started; stopped after the test. */
function build(path: string, options: IHttpConnectionOptions = {}, protocol: 'json' | 'messagepack' = 'json'): HubConnection {
  const connection = new HubConnectionBuilder()
    .withUrl(target.url + path, options)
    .withHubProtocol(protocol === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol())
    .configureLogging({ log: () => {} })
    .build();
  started.push(connection);
  return connection;
}

/** What `onclose` is told. */
const closed = (connection: HubConnection): Promise<Error | undefined> => new Promise((resolve) => connection.onclose(resolve));
const received = (connection: HubConnection, name: string): Promise<unknown[]> =>
  new Promise((resolve) => connection.on(name, (...args) => resolve(args)));

const collect = (connection: HubConnection, name: string, ...args: unknown[]): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    const items: unknown[] = [];
    connection.stream(name, ...args).subscribe({ next: (item) => items.push(item), complete: () => resolve(items), error: reject });
  });

const unexpected = (method: string, text: string): string => `An unexpected error occurred invoking '${method}' on the server. ${text}`;

/** Bytes and a time as they travel: text over JSON. */
const inProtocol = (protocol: 'json' | 'messagepack', bytes: Uint8Array, text: string, time: string): object =>
  protocol === 'json' ? { ByteArray: text, DateTime: time } : { ByteArray: bytes, DateTime: new Date(time) };

describe.each([
  ['WebSockets', 'json'],
  ['WebSockets', 'messagepack'],
  ['ServerSentEvents', 'json'],
  ['LongPolling', 'json'],
  ['LongPolling', 'messagepack'],
] as const)('TestHub over %s in %s', (transport, protocol) => {
  const start = async (headers: Sent = {}): Promise<HubConnection> => {
    const connection = build('/testhub', { transport: HttpTransportType[transport], headers: { ...headers } }, protocol);
    await connection.start();
    return connection;
  };

  it('echoes, and knows the caller and its transport', async () => {
    const connection = await start();
    expect(await connection.invoke('Echo', '你好，世界！')).toBe('你好，世界！');
    expect(await connection.invoke('echo', null)).toBe(null);
    expect(await connection.invoke('GetCallerConnectionId')).toBe(connection.connectionId);
    expect(await connection.invoke('GetActiveTransportName')).toBe(transport);
  });

  it('ends without an error when the client stops', async () => {
    const connection = await start();
    const end = closed(connection);
    await connection.stop();
    expect(await end).toBeUndefined();
  });

  it('reads the request of the connection', async () => {
    const connection = await start({ 'X-Header': 'VALUE' });
    expect(await connection.invoke('GetHeader', 'x-header')).toBe('VALUE');
    expect(await connection.invoke('GetHeader', 'X-Absent')).toBeNull();
    expect(await connection.invoke('GetHeader', 'not a name')).toBeNull();
    expect(await connection.invoke('GetContentTypeHeader')).toBeNull();
    expect(await connection.invoke('GetCookie', 'testCookie2')).toBe('testValue2');
    expect(await connection.invoke('GetCookie', 'TESTCOOKIE')).toBe('testValue');
    expect(await connection.invoke('GetCookie', 'expiredCookie')).toBeNull();
    await expect(connection.invoke('GetNumRedirects')).rejects.toThrow("ArgumentNullException: Value cannot be null. (Parameter 's')");
  });

  it('calls the client', async () => {
    const connection = await start();
    const message = received(connection, 'Message');
    await connection.invoke('InvokeWithString', '你好 SignalR！');
    expect(await message).toEqual(['你好 SignalR！']);
    const object = received(connection, 'CustomObject');
    await connection.send('SendCustomObject', { Name: 'test', Value: 42 });
    expect(await object).toEqual([{ Name: 'test', Value: 42 }]);
  });

  it('hands objects, bytes and times through', async () => {
    const connection = await start();
    const rest = { Guid: '00010203-0405-0607-0706-050403020100', IntArray: [1, 2, 3], String: 'hello world' };
    const sent = { ...rest, ...inProtocol(protocol, Uint8Array.of(104, 101, 108, 108, 111), 'aGVsbG8=', '2002-04-01T10:20:15Z') };
    expect(await connection.invoke('EchoComplexObject', sent)).toEqual(sent);
    const expected = { ...rest, ...inProtocol(protocol, Uint8Array.of(1, 2, 3), 'AQID', '2000-01-01T00:00:00Z') };
    expect(await connection.invoke('SendComplexObject')).toEqual(expected);
  });

  it('streams to the client', async () => {
    const connection = await start();
    expect(await collect(connection, 'Stream')).toEqual(['a', 'b', 'c']);
    expect(await collect(connection, 'EmptyStream')).toEqual([]);
    const canceled = received(connection, 'StreamCanceled');
    connection
      .stream('InfiniteStream')
      .subscribe({ next: () => {}, complete: () => {}, error: () => {} })
      .dispose();
    expect(await canceled).toEqual([]);
  });

  it('streams from the client', async () => {
    const connection = await start();
    const words = new Subject<string>();
    const joined = connection.invoke('StreamingConcat', words);
    for (const word of ['Hello ', 'world', '!']) words.next(word);
    words.complete();
    expect(await joined).toBe('Hello world!');
  });

  it('fails in the agreed words', async () => {
    const connection = await start();
    await expect(connection.invoke('ThrowException', 'An error occurred.')).rejects.toThrow(
      unexpected('ThrowException', 'InvalidOperationException: An error occurred.'),
    );
    await expect(collect(connection, 'StreamThrowException', 'An error occurred.')).rejects.toThrow(
      unexpected('StreamThrowException', 'InvalidOperationException: An error occurred.'),
    );
    for (const method of ['Stream', 'EmptyStream']) {
      await expect(connection.invoke(method)).rejects.toThrow(
        `The client attempted to invoke the streaming '${method}' method with a non-streaming invocation.`,
      );
    }
    await expect(collect(connection, 'Echo', '42')).rejects.toThrow(
      "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.",
    );
    const words = new Subject<string>();
    const joined = connection.invoke('StreamingConcat', words);
    words.error(new Error('Something bad'));
    await expect(joined).rejects.toThrow(unexpected('StreamingConcat', 'HubException: Something bad'));
  });

  it('asks the client from outside a hub', async () => {
    const connection = await start();
    const result = (): Promise<string> => get(`/clientresult/${connection.connectionId ?? ''}`);
    expect(await result()).toBe("Client didn't provide a result.");
    connection.on('Result', () => 10);
    expect(await result()).toBe('10');
    connection.off('Result');
    connection.on('Result', () => {
      throw new Error('from callback');
    });
    expect(await result()).toBe('Error: from callback');
  });
});

describe.each([
  ['WebSockets', WebSockets],
  ['ServerSentEvents', ServerSentEvents],
  ['LongPolling', LongPolling],
] as const)('the other hubs over %s', (_, transport) => {
  it('lets a client with a token in', async () => {
    const connection = build('/authorizedhub', { transport, accessTokenFactory: () => get('/generateJwtToken') });
    await connection.start();
    expect(await connection.invoke('Echo', 'hello')).toBe('hello');
    expect(await connection.invoke('GetUserNameIdentifier')).toBe('testuser');
    expect(await connection.invoke('GetUserClaim', 'aud')).toBe('SignalRTests');
    expect(await connection.invoke('GetUserClaim', 'absent')).toBe('');
  });

  it('keeps a client without one out', async () => {
    const connection = build('/authorizedhub', { transport });
    await expect(connection.start()).rejects.toThrow(
      "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'",
    );
  });

  it('closes the uncreatable hub with its error', async () => {
    const connection = build('/uncreatable', { transport });
    const end = closed(connection);
    // Whichever comes first: the handshake's answer or the close behind it.
    const failure = await Promise.race([
      end,
      connection.start().then(
        () => end,
        (error: unknown) => error,
      ),
    ]);
    // Over server-sent events the client's first ping is a request of its own, which may find the connection gone already.
    if (transport === ServerSentEvents && String(failure).includes("No Connection with that ID: Status code '404'")) return;
    expect(String(failure)).toContain(
      "Connection closed with an error. InvalidOperationException: Unable to resolve service for type 'System.Object' while attempting to activate 'FunctionalTests.UncreatableHub'.",
    );
  });
});

describe('what is not of one transport', () => {
  it('follows a redirect of negotiation, another one each time', async () => {
    const counts: number[] = [];
    for (let i = 0; i < 2; i++) {
      const connection = build(`/redirect?numRedirects=0&baseUrl=${target.url}`);
      await connection.start();
      counts.push(await connection.invoke('GetNumRedirects'));
    }
    expect(counts[1]).toBeGreaterThan(counts[0] ?? NaN);
  });

  it('repeats the words of a refused negotiation', async () => {
    await expect(build('/bad-negotiate').start()).rejects.toThrow(
      "Failed to complete negotiation with the server: Error: Some response from server: Status code '400'",
    );
  });

  it('takes null for an object', async () => {
    const connection = build('/testhub');
    await connection.start();
    expect(await connection.invoke('EchoComplexObject', null)).toBeNull();
  });

  it('reads names of JSON objects in any case, and leaves the rest out', async () => {
    const connection = build('/testhub');
    await connection.start();
    const object = received(connection, 'CustomObject');
    await connection.invoke('SendCustomObject', { name: 'test', other: 1 });
    expect(await object).toEqual([{ Name: 'test', Value: 0 }]);
    await expect(connection.invoke('SendCustomObject', { Name: 'test', Value: '42' })).rejects.toThrow(
      "Failed to invoke 'SendCustomObject' due to an error on the server. InvalidDataException: Error binding arguments.",
    );
  });
});
