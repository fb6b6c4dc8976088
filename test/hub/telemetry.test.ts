import { describe, expect, test } from 'vitest';
import { defineHub } from '../../src/hub/define-hub.ts';
import { method } from '../../src/hub/method.ts';
import type { CalledMethod, ClientTelemetry, Telemetry } from '../../src/telemetry/telemetry.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

/** Writes down what a hub tells. */
function told(): { readonly telemetry: Telemetry; readonly lines: string[] } {
  const lines: string[] = [];
  const tell = (line: string): void => void lines.push(line);
  const client: ClientTelemetry = {
    received: () => tell('received'),
    itemReceived: () => tell('itemReceived'),
    itemSent: () => tell('itemSent'),
    around: (event, run) => {
      tell(event);
      return run();
    },
    refused: (name) => tell(`refused ${name}`),
    called: ({ method: name, streaming, uploads }: CalledMethod) => {
      tell(`called ${name} ${streaming} ${uploads}`);
      return {
        run: (work) => work(),
        ended: (status, error) => tell(`ended ${status} ${error instanceof Error ? error.message : ''}`.trim()),
      };
    },
  };
  return { telemetry: { hub: () => ({ opened: () => client, asked: () => ({ ended: () => {} }) }) }, lines };
}

const hub = defineHub()({
  connected: () => {},
  authenticationRefreshed: () => {},
  methods: {
    echo: method([], () => 'x'),
    forever: method([], async function* ({ signal }) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }),
    never: method([], () => new Promise(() => {})),
    stream: method([], function* () {
      yield 1;
      yield 2;
    }),
  },
});

describe('a hub tells', () => {
  test('of a client that comes, calls and leaves', async () => {
    const { telemetry, lines } = told();
    const client = new HubUnderTest(hub, { telemetry }).connect();
    client.send({ type: 1, invocationId: '1', target: 'ECHO', arguments: [] }, { type: 6 });
    client.connection.vanish();
    await settle();
    expect(lines).toEqual(['OnConnectedAsync', 'received', 'called echo false 0', 'ended ok', 'received', 'OnDisconnectedAsync']);
  });

  test('of a client whose authentication is renewed', () => {
    const { telemetry, lines } = told();
    new HubUnderTest(hub, { telemetry }).connect().connection.refresh({ role: 'new' });
    expect(lines).toEqual(['OnConnectedAsync', 'OnAuthenticationRefreshedAsync']);
  });

  test('of invocations that are refused before they begin', () => {
    const { telemetry, lines } = told();
    const client = new HubUnderTest(hub, { telemetry, maximumStreamsPerClient: 1 }).connect();
    client.send({ type: 4, invocationId: '1', target: 'forever', arguments: [] });
    lines.length = 0;
    client.send({ type: 4, invocationId: '1', target: 'Forever', arguments: [] });
    client.send({ type: 4, invocationId: '2', target: 'made up', arguments: [] });
    client.send({ type: 1, invocationId: '3', target: 'echo', arguments: [], streamIds: ['a'] });
    client.connection.send('{"type":1,"invocationId":"4","target":"echo","arguments":[1,]}\x1e');
    expect(lines.filter((line) => line !== 'received')).toEqual(['refused forever', 'refused undefined', 'refused echo', 'refused echo']);
  });

  test('of invocations of nothing', () => {
    const { telemetry, lines } = told();
    new HubUnderTest(hub, { telemetry }).connect().send({ type: 1, invocationId: '1', target: 'made up', arguments: [] });
    expect(lines.slice(1)).toEqual([
      'received',
      'called undefined false 0',
      "ended refused Failed to invoke 'made up' due to an error on the server. HubException: Method does not exist.",
    ]);
  });

  test('that a stream was cancelled, by its caller or because that has gone', async () => {
    const { telemetry, lines } = told();
    const client = new HubUnderTest(hub, { telemetry }).connect();
    client.send({ type: 4, invocationId: '1', target: 'forever', arguments: [] });
    client.send({ type: 5, invocationId: '1' });
    expect(lines.filter((line) => line.startsWith('ended'))).toEqual(['ended canceled']);
    client.send({ type: 4, invocationId: '2', target: 'forever', arguments: [] });
    client.connection.vanish();
    await settle();
    expect(lines.filter((line) => line.startsWith('ended'))).toEqual(['ended canceled', 'ended canceled']);
  });

  test('of each item once, and of the end once', () => {
    const { telemetry, lines } = told();
    new HubUnderTest(hub, { telemetry }).connect().send({ type: 4, invocationId: '1', target: 'stream', arguments: [] });
    expect(lines.slice(2)).toEqual(['called stream true 0', 'itemSent', 'itemSent', 'ended ok']);
  });

  test('nothing of invocations that wait for their turn and lose it', async () => {
    const { telemetry, lines } = told();
    const client = new HubUnderTest(hub, { telemetry }).connect();
    client.send({ type: 1, target: 'never', arguments: [] }, { type: 1, target: 'echo', arguments: [] });
    client.connection.vanish();
    await settle();
    expect(lines.filter((line) => /^(called|ended)/.test(line))).toEqual(['called never false 0']);
  });
});
