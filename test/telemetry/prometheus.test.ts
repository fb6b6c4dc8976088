import { register, Registry, type RegistryContentType } from 'prom-client';
import type { BackplaneFigures, BackplaneState } from 'signalbox';
import { prometheus } from 'signalbox/prometheus';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../eventually.ts';
import { prometheusName } from '../../src/telemetry/instrument.ts';
import { instruments } from '../../src/telemetry/instruments.ts';
import { connect, host, tags, talk, transports, type Host } from './chat-under-test.ts';

/** The samples of a registry without their values where those depend on time, one line each. */
async function samples(registry: Registry): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const matching = (lines: readonly string[], name: string): readonly string[] => lines.filter((line) => line.startsWith(name)).toSorted();

async function over(registry: Registry, transport: (typeof transports)[number]): Promise<Host> {
  const here = await host({ telemetry: prometheus({ registry }) });
  const client = await connect(here, transport);
  await talk(client);
  await client.stop();
  return here;
}

afterEach(() => register.clear());

describe.each(transports)('over %s', (transport) => {
  const tag = `signalr_transport="${tags[transport]}"`;

  test('connections are counted and timed as the reference server does', async () => {
    const registry = new Registry();
    const here = await host({ telemetry: prometheus({ registry }) });
    const client = await connect(here, transport);
    expect(matching(await samples(registry), 'signalr_server_active_connections')).toEqual([`signalr_server_active_connections{${tag}} 1`]);
    await client.stop();
    await eventually(async () => {
      const lines = await samples(registry);
      expect(matching(lines, 'signalr_server_active_connections')).toEqual([`signalr_server_active_connections{${tag}} 0`]);
      expect(matching(lines, 'signalr_server_connection_duration_seconds_count')).toEqual([
        `signalr_server_connection_duration_seconds_count{signalr_connection_status="normal_closure",${tag}} 1`,
      ]);
    });
  });

  test('invocations are counted by hub, method and how they ended', async () => {
    const registry = new Registry();
    await over(registry, transport);
    const lines = await samples(registry);
    const series = (method: string, status: string, count: number): string =>
      `signalr_server_invocations_total{rpc_service="Chat",rpc_method="${method}",signalr_invocation_status="${status}"} ${count}`;
    expect(matching(lines, 'signalr_server_invocations_total')).toEqual(
      [
        series('echo', 'ok', 2),
        series('echo', 'refused', 1),
        series('later', 'ok', 1),
        series('fail', 'error', 1),
        series('refuse', 'error', 1),
        series('secret', 'refused', 1),
        series('unknown', 'refused', 2),
        series('count', 'ok', 1),
        series('countAndFail', 'error', 1),
        series('sum', 'ok', 1),
        series('ask', 'ok', 1),
        series('ask', 'error', 1),
      ].toSorted(),
    );
    expect(matching(lines, 'signalr_server_active_invocations').every((line) => line.endsWith(' 0'))).toBe(true);
    expect(lines).toContain(
      'signalr_server_invocation_duration_seconds_count{rpc_service="Chat",rpc_method="echo",signalr_invocation_status="ok"} 2',
    );
    expect(lines).toContain(
      'signalr_server_stream_duration_seconds_count{rpc_service="Chat",rpc_method="count",signalr_invocation_status="ok"} 1',
    );
    expect(lines).not.toContainEqual(expect.stringContaining('made up'));
  });

  test('streams, client results and negotiations are counted', async () => {
    const registry = new Registry();
    await over(registry, transport);
    const lines = await samples(registry);
    expect(matching(lines, 'signalr_server_stream_items_total')).toEqual([
      'signalr_server_stream_items_total{rpc_service="Chat",signalr_stream_direction="from_client"} 2',
      'signalr_server_stream_items_total{rpc_service="Chat",signalr_stream_direction="to_client"} 4',
    ]);
    expect(matching(lines, 'signalr_server_active_streams').every((line) => line.endsWith(' 0'))).toBe(true);
    expect(matching(lines, 'signalr_server_client_result_duration_seconds_count')).toEqual([
      'signalr_server_client_result_duration_seconds_count{rpc_service="Chat",rpc_method="ask",signalr_client_result_status="error"} 1',
      'signalr_server_client_result_duration_seconds_count{rpc_service="Chat",rpc_method="ask",signalr_client_result_status="ok"} 1',
    ]);
    expect(matching(lines, 'signalr_server_negotiations_total')).toEqual([
      'signalr_server_negotiations_total{rpc_service="Chat",signalr_negotiation_status="answered"} 1',
    ]);
  });

  test('messages and bytes are counted in both directions', async () => {
    const registry = new Registry();
    const here = await host({ telemetry: prometheus({ registry }) });
    const client = await connect(here, transport);
    const value = async (name: string): Promise<number> => {
      const [line = ''] = matching(await samples(registry), `${name}{rpc_service="Chat",${tag}}`);
      return Number(line.split(' ').at(-1));
    };
    const names = ['messages_received_total', 'messages_sent_total', 'network_received_bytes_total', 'network_sent_bytes_total'];
    const figures = (): Promise<number[]> => Promise.all(names.map((name) => value(`signalr_server_${name}`)));
    // Behind the client's first ping.
    await client.invoke('echo', 'x');
    const before = await figures();
    await client.invoke('echo', 'é');
    const after = await figures();
    const sent = Buffer.byteLength('{"arguments":["é"],"invocationId":"1","target":"echo","type":1}\x1e');
    const received = Buffer.byteLength('{"type":3,"invocationId":"1","result":"é"}\x1e');
    expect(after.map((figure, index) => figure - (before[index] ?? 0))).toEqual([1, 1, sent, received]);
  });
});

describe('prometheus()', () => {
  test("registers every instrument on prom-client's registry, where none is named", () => {
    prometheus();
    const names = register.getMetricsAsArray().map(({ name }) => name);
    expect(names.toSorted()).toEqual(
      Object.values(instruments)
        .map((instrument) => prometheusName(instrument))
        .toSorted(),
    );
  });

  test('refuses to register twice: the second would show nothing of the first', () => {
    prometheus();
    expect(() => prometheus()).toThrow(/already been registered/);
  });

  test('counts hosts that share it together', async () => {
    const registry = new Registry();
    const telemetry = prometheus({ registry });
    for (const each of [await host({ telemetry }), await host({ telemetry })])
      await (await connect(each, 'WebSockets')).invoke('echo', 'x');
    expect(await samples(registry)).toContain(
      'signalr_server_invocations_total{rpc_service="Chat",rpc_method="echo",signalr_invocation_status="ok"} 2',
    );
  });

  test('shows congested connections, and what waits for them, as long as they are there', async () => {
    const registry = new Registry();
    const endpoint = prometheus({ registry }).endpoint?.('Chat');
    const shown = async (): Promise<readonly string[]> => {
      const lines = await samples(registry);
      return ['congested_connections', 'congested_queue_size_bytes', 'reconnects_total', 'slow_clients_total'].flatMap((name) =>
        matching(lines, `signalr_server_${name}`).map((line) => line.replace(/^signalr_server_(\w+)\{.*(\w{2})"\} /, '$1 $2 ')),
      );
    };
    const [one, two] = [endpoint?.opened('webSockets'), endpoint?.opened('webSockets')];
    one?.filled({ queued: 70_000 });
    two?.filled({ queued: 80_000 });
    expect(await shown()).toEqual(['congested_connections ts 2', 'congested_queue_size_bytes ts 150000']);
    one?.drained();
    expect(await shown()).toEqual(['congested_connections ts 1', 'congested_queue_size_bytes ts 80000']);
    one?.filled({ queued: 70_000 });
    one?.reconnected();
    expect(await shown()).toEqual(['congested_connections ts 1', 'congested_queue_size_bytes ts 80000', 'reconnects_total ts 1']);
    two?.cut('queue_limit');
    two?.closed(false);
    expect(await shown()).toEqual([
      'congested_connections ts 0',
      'congested_queue_size_bytes ts 0',
      'reconnects_total ts 1',
      'slow_clients_total it 1',
    ]);
  });

  test('shows how backplanes do, those of all hosts together, and keeps what was counted', async () => {
    const registry = new Registry();
    const hub = prometheus({ registry }).hub?.('Chat');
    expect(matching(await samples(registry), 'signalr_server_backplane')).toEqual([]);
    const shown = async (): Promise<readonly string[]> =>
      matching(await samples(registry), 'signalr_server_backplane').map((line) =>
        line.replace(/^signalr_server_backplane_|\{rpc_service="Chat"\}/g, ''),
      );
    const one: { state: BackplaneState; figures: BackplaneFigures } = { state: 'connecting', figures: { lag: 0, lost: 0 } };
    const end = hub?.joined?.(one);
    const nothing = ['outbox_messages', 'outbox_size_bytes', 'lag_seconds', 'round_trip_seconds', 'lost_total', 'cuts_total', 'gaps_total'];
    expect(await shown()).toEqual(['connected 0', ...nothing.map((name) => `${name} 0`)].toSorted());
    one.state = 'connected';
    one.figures = { outboxMessages: 3, outboxBytes: 300, lag: 1_500, lost: 1, cuts: 2, gaps: 4, roundTrip: 2 };
    hub?.joined?.({
      state: 'down',
      figures: { outboxMessages: 1, outboxBytes: 10, lag: 9_000, lost: 10, cuts: 20, gaps: 40, roundTrip: undefined },
    });
    hub?.joined?.({ state: 'connected' });
    const counts = ['lost_total 11', 'cuts_total 22', 'gaps_total 44'];
    const gauges = ['outbox_messages 4', 'outbox_size_bytes 310', 'lag_seconds 9', 'round_trip_seconds 0.002'];
    expect(await shown()).toEqual(['connected 2', ...gauges, ...counts].toSorted());
    end?.();
    end?.();
    const left = ['outbox_messages 1', 'outbox_size_bytes 10', 'lag_seconds 9', 'round_trip_seconds 0'];
    expect(await shown()).toEqual(['connected 1', ...left, ...counts].toSorted());
  });

  test('keeps the form of both formats', async () => {
    const registry = new Registry();
    (registry as Registry<RegistryContentType>).setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    await over(registry, 'WebSockets');
    const open = await registry.metrics();
    expect(open).toContain('# TYPE signalr_server_negotiations counter\n');
    expect(open).toContain('\nsignalr_server_negotiations_total{rpc_service="Chat",signalr_negotiation_status="answered"} 1\n');
    registry.resetMetrics();
    expect(await registry.getMetricsAsJSON()).toContainEqual(
      expect.objectContaining({
        name: 'signalr_server_stream_items',
        type: 'counter',
        aggregator: 'sum',
        values: expect.arrayContaining([{ labels: { rpc_service: 'Chat', signalr_stream_direction: 'from_client' }, value: 2 }]) as unknown,
      }),
    );
  });

  test("a histogram's buckets hold what is at most their bound", async () => {
    const registry = new Registry();
    const telemetry = prometheus({ registry });
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const hub = telemetry.hub?.('Chat');
      for (const duration of [0.5, 1, 1.5, 20_000]) {
        const answer = hub?.asked('ask');
        vi.advanceTimersByTime(duration);
        answer?.ended();
      }
    } finally {
      vi.useRealTimers();
    }
    const lines = matching(await samples(registry), 'signalr_server_client_result_duration_seconds');
    const at = (name: string): number | undefined => {
      const line = lines.find((candidate) => candidate.includes(name));
      return line === undefined ? undefined : Number(line.split(' ').at(-1));
    };
    expect([at('le="0.0005"'), at('le="0.001"'), at('le="0.005"'), at('le="10"'), at('le="+Inf"')]).toEqual([1, 2, 3, 3, 4]);
    expect(at('_sum')).toBeCloseTo(20.003);
    expect(at('_count')).toBe(4);
  });
});
