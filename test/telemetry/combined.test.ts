import { defineHub, method, silent, SignalR, type Telemetry } from 'signalbox';
import { describe, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { MemoryConnection } from '../../src/conformance/memory-connection.ts';
import { combined } from '../../src/telemetry/combined.ts';
import { chat, collect, connect, host, talk } from './chat-under-test.ts';

/** Writes down every call with the name of whom it was made to, whatever is called on whatever it returned. */
function scribe(name: string, lines: string[]): Telemetry {
  const any = (path: string): unknown =>
    new Proxy(() => {}, {
      get: (_, member) => any(`${path}.${String(member)}`),
      apply: (_, __, args: unknown[]) => {
        lines.push(`${name}${path}`);
        const work = args.find((arg) => typeof arg === 'function') as (() => unknown) | undefined;
        if (work === undefined) return any('');
        try {
          return work();
        } finally {
          lines.push(`${name}${path} done`);
        }
      },
    });
  return { endpoint: () => any('') as never, hub: () => any('') as never };
}

const only = (lines: readonly string[], name: string): readonly string[] =>
  lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));

describe('several telemetries', () => {
  test('hear the same', async () => {
    const lines: string[] = [];
    const client = await connect(await host({ telemetry: [scribe('a', lines), scribe('b', lines), scribe('c', lines)] }), 'LongPolling');
    await talk(client);
    await collect(client, 'count', 2);
    await client.stop();
    await eventually(() => expect(lines).toContain('c.closed'));
    const [a, b, c] = ['a', 'b', 'c'].map((name) => only(lines, name).toSorted());
    expect(new Set(a)).toEqual(
      new Set(
        ['negotiated', 'opened', 'received', 'wrote', 'sent', 'closed', 'asked', 'ended', 'itemReceived', 'itemSent', 'called']
          .map((member) => `.${member}`)
          .concat(['.run', '.run done', '.around', '.around done']),
      ),
    );
    expect(b).toEqual(a);
    expect(c).toEqual(a);
  });

  test('run calls one inside the other, the first outermost', async () => {
    const lines: string[] = [];
    const both = combined([scribe('a', lines), scribe('b', lines)]);
    const client = both?.hub?.('Chat').opened(new MemoryConnection({ clock: new FakeClock() }));
    lines.length = 0;
    const call = client?.called({ method: 'x', headers: undefined, streaming: false, uploads: 0 });
    expect(call?.run?.(() => lines.push('method'))).toBe(5);
    call?.ended('ok');
    await client?.around('OnConnectedAsync', () => undefined);
    expect(lines).toEqual(
      [
        ['a.called', 'b.called'],
        ['a.run', 'b.run', 'method', 'b.run done', 'a.run done'],
        ['b.ended', 'a.ended'],
        ['a.around', 'b.around', 'b.around done', 'a.around done'],
      ].flat(),
    );
  });

  test('need not care for everything', () => {
    const lines: string[] = [];
    const { endpoint, hub } = scribe('a', lines);
    expect(combined([])).toBeUndefined();
    expect(combined([{}])).toEqual({});
    expect(combined([{}, {}])).toEqual({});
    expect(combined([{ ...(hub && { hub }) }, { ...(endpoint && { endpoint }) }])).toEqual({ endpoint, hub });
  });
});

test('a telemetry is asked for each path and each hub, by their names', async () => {
  const names: string[] = [];
  const telemetry: Telemetry = {
    endpoint: (name) => {
      names.push(`endpoint ${name}`);
      return scribe('', []).endpoint?.('') as never;
    },
    hub: (name) => {
      names.push(`hub ${name}`);
      return scribe('', []).hub?.('') as never;
    },
  };
  const plain = defineHub()({ methods: { echo: method((_, text) => text) } });
  const signalr = new SignalR({ telemetry, log: silent });
  signalr.map('/chat', chat).map('/plain', plain).map('/again', plain).map('/too', chat);
  signalr.mapConnection('/raw', () => {});
  await signalr.close();
  expect(names.toSorted()).toEqual(
    ['endpoint /plain', 'endpoint /plain', 'endpoint /raw', 'endpoint Chat', 'endpoint Chat', 'hub /plain', 'hub Chat'].toSorted(),
  );
});
