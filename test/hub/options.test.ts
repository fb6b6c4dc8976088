import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SignalR, defineHub } from '../../src/index.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { endpointOptions } from '../../src/hub/connection-options.ts';
import { hubSettings } from '../../src/hub/options.ts';

const page = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');

/** The rows of a section: option and default. */
function rows(section: string): Record<string, string> {
  const text = page.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  return Object.fromEntries([...text.matchAll(/^\| `([\w.]+)` \| (.*?) \|/gm)].map(([, name, value]) => [name, value]));
}

describe('docs/options.md', () => {
  test('lists the options of hubs with their defaults', () => {
    const expected = Object.entries(hubSettings()).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]);
    expect(rows('Hubs')).toEqual(Object.fromEntries(expected));
  });

  test('lists the options of connections with their defaults', () => {
    const { transports, webSocketCloseTimeout, maximumWebSocketMessageSize, perMessageDeflate, pollTimeout, ...rest } = endpointOptions(
      [],
      undefined,
    );
    const expected = {
      ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)])),
      transports: JSON.stringify([...transports]),
      'webSockets.closeTimeout': String(webSocketCloseTimeout),
      'webSockets.maximumMessageSize': String(maximumWebSocketMessageSize),
      'webSockets.perMessageDeflate': String(perMessageDeflate),
      'longPolling.pollTimeout': String(pollTimeout),
      authorize: 'everyone',
    };
    expect(rows('Connections')).toEqual(expected);
  });
});

describe('an option', () => {
  test('of an endpoint stands before that of the host, and that before the default', () => {
    const settings = hubSettings({ handshakeTimeout: 1, keepAliveInterval: 2 }, { keepAliveInterval: 3 });
    expect(settings).toMatchObject({ handshakeTimeout: 1, keepAliveInterval: 3, clientTimeoutInterval: 30_000 });
    expect(endpointOptions([{ longPolling: { pollTimeout: 1 } }, { transports: ['longPolling'] }], null)).toMatchObject({
      pollTimeout: 1,
      transports: new Set(['longPolling']),
    });
  });

  test.each([
    { handshakeTimeout: 0 },
    { keepAliveInterval: Number.POSITIVE_INFINITY },
    { clientTimeoutInterval: '30s' },
    { supportedProtocols: [] },
    { supportedProtocols: [1] },
    { maximumReceiveMessageSize: -1 },
    { maximumParallelInvocationsPerClient: 1.5 },
    { transports: ['websockets'] },
    { minimumProtocolVersion: -1 },
    { webSockets: { closeTimeout: Number.NaN } },
    { webSockets: { perMessageDeflate: 1 } },
    { longPolling: { pollTimeout: 2 ** 31 } },
  ])('is refused where it makes no sense: %j', (options) => {
    const name = Object.keys(options)[0] as string;
    expect(() => new SignalR(options as never)).toThrow(
      expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION', message: expect.stringContaining(name) }),
    );
    const hub = defineHub()({ methods: {} });
    expect(() => new SignalR().map('/hub', hub, options as never)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }));
  });
});

describe('a path', () => {
  const hub = defineHub()({ methods: {} });

  test.each(['chat', '/chat?x', '/chat#x', '/negotiate', '/chat/negotiate/', '/TAKEN/'])('%s can not be mapped', (path) => {
    const signalr = new SignalR().map('/taken', hub);
    expect(() => signalr.map(path as '/', defineHub()({ methods: {} }))).toThrow(
      expect.objectContaining({ code: 'SIGNALBOX_INVALID_PATH' }),
    );
  });

  test('is mapped while the host is open, and a hub is found when it is mapped', async () => {
    const signalr = new SignalR();
    expect(() => signalr.hub(hub)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_HUB_NOT_MAPPED' }));
    signalr.map('/a', hub).map('/b', hub);
    expect(signalr.hub(hub).clients).toBe(signalr.hub(hub).clients);
    await signalr.close();
    expect(() => signalr.map('/c', hub)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_SERVER_CLOSED' }));
  });
});

describe('protocols', () => {
  const hub = defineHub()({ methods: {} });

  test('that are offered have to be known', () => {
    expect(() => new SignalR().map('/hub', hub, { supportedProtocols: ['json', 'blazorpack'] })).toThrow(
      /'blazorpack'.*'json', 'messagepack'/,
    );
    expect(() => new SignalR({ protocols: [new JsonHubProtocol()] }).map('/hub', hub, { supportedProtocols: ['messagepack'] })).toThrow(
      /'messagepack'/,
    );
  });
});
