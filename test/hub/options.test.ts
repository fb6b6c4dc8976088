import { describe, expect, test } from 'vitest';
import { SignalR, defineHub } from '../../src/index.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { connectionSettings } from '../../src/hub/connection-options.ts';
import { hubSettings } from '../../src/hub/options.ts';
import { optionsPage, parts, tableOptions } from './options-page.ts';

const allOptions = [
  ...tableOptions.hubs,
  ...tableOptions.connections,
  ...tableOptions.hosts,
  ...tableOptions.redis,
  ...tableOptions.bus,
  ...tableOptions.appServer,
];

describe('docs/options.md', () => {
  test('is made of the option tables', async () => {
    await expect(optionsPage).toMatchFileSnapshot('../../docs/options.md');
  });

  test.each(allOptions)('and the comment of $path tell its default', ({ comment, option }) => {
    const { byDefault } = parts(comment);
    const value = option.byDefault;
    if (typeof value === 'number') expect(byDefault).toBe(value.toLocaleString('en-US'));
    else if (Array.isArray(value)) expect(byDefault).toBe('all three');
    else expect(byDefault.split(':')[0]).toBe(String(value));
  });

  test.each(allOptions)('$path takes its own default, and says what else', ({ option }) => {
    expect(option.accepts(option.byDefault)).toBe(true);
    expect(option.accepts(Symbol('no value of any option'))).toBe(false);
    expect(option.expected).toMatch(/\w/);
  });
});

describe('an option', () => {
  test('of an endpoint stands before that of the host, and that before the default', () => {
    const settings = hubSettings({ handshakeTimeout: 1, keepAliveInterval: 2 }, { keepAliveInterval: 3 });
    expect(settings).toMatchObject({ handshakeTimeout: 1, keepAliveInterval: 3, clientTimeoutInterval: 30_000 });
    expect(connectionSettings([{ longPolling: { pollTimeout: 1 } }, { transports: ['longPolling'] }], null)).toMatchObject({
      longPolling: { pollTimeout: 1 },
      transports: ['longPolling'],
      webSockets: { maximumMessageSize: 0x7fff_ffff, closeTimeout: 5_000 },
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
    { webSockets: { subProtocol: 'chat' } },
    { transportSendTimeout: null },
    { webSockets: true },
  ])('is refused where it makes no sense: %j', (options) => {
    const name = Object.keys(options)[0] as string;
    expect(() => new SignalR(options as never)).toThrow(
      expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION', message: expect.stringContaining(name) }),
    );
    const hub = defineHub()({ methods: {} });
    expect(() => new SignalR().map('/hub', hub, options as never)).toThrow(expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }));
  });
});

describe('an option of the host', () => {
  test.each([
    { connectionLimits: { server: 0 } },
    { connectionLimits: { perUser: 1.5 } },
    { connectionLimits: { perUser: { atLimit: 'refuse' } } },
    { connectionLimits: { perAddress: { limit: 1, atLimit: 'closeNewest' } } },
    { connectionLimits: { clientAddress: 'x-forwarded-for' } },
    { connectionLimits: 100 },
    { descriptorReserve: -1 },
  ])('is refused where it makes no sense: %j', (options) => {
    expect(() => new SignalR(options as never)).toThrow(
      expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION', message: expect.stringContaining(Object.keys(options)[0] as string) }),
    );
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
