import { describe, expect, test } from 'vitest';
import type { LoadPlan, Stage } from '../../bench/load/plan.ts';
import { runLoad } from '../../bench/load/run.ts';
import { complete, plan, startFaulty, startHub } from './rig.ts';

const NONE = { lost: 0, swapped: 0, repeated: 0, wrong: 0, closed: 0 };

describe('a run against a hub', () => {
  test.each<readonly [string, Partial<LoadPlan>]>([
    ['echo', {}],
    ['echo, several under way', { work: { kind: 'echo', size: 32, depth: 16 } }],
    ['echo in MessagePack', { dialect: 'signalr-messagepack', work: { kind: 'echo', size: 300, depth: 5 } }],
    ['echo of long texts', { work: { kind: 'echo', size: 30_000, depth: 3 } }],
    ['echo at a rate', { work: { kind: 'echo', size: 32, depth: 1, perSecond: 2000 } }],
    ['broadcast', { work: { kind: 'broadcast', size: 32, inFlight: 1 } }],
    ['broadcast in MessagePack, several in flight', { dialect: 'signalr-messagepack', work: { kind: 'broadcast', size: 32, inFlight: 8 } }],
    ['groups', { connections: 9, work: { kind: 'groups', size: 32, groups: 3 } }],
    ['sends to connections', { connections: 9, work: { kind: 'toConnection', size: 2048 } }],
    ['sends to connections in MessagePack', { dialect: 'signalr-messagepack', work: { kind: 'toConnection', size: 32 } }],
    ['stream', { work: { kind: 'stream', items: 200 } }],
    ['stream in MessagePack', { dialect: 'signalr-messagepack', work: { kind: 'stream', items: 200 } }],
    ['upload', { work: { kind: 'upload', items: 200 } }],
    ['upload in MessagePack', { dialect: 'signalr-messagepack', work: { kind: 'upload', items: 200 } }],
    ['client results', { work: { kind: 'ask', size: 32 } }],
    ['client results in MessagePack', { dialect: 'signalr-messagepack', work: { kind: 'ask', size: 32 } }],
    ['echo with stateful reconnect', { transport: 'statefulWebSockets', work: { kind: 'echo', size: 32, depth: 4 }, duration: 1500 }],
    ['broadcast with stateful reconnect', { transport: 'statefulWebSockets', work: { kind: 'broadcast', size: 32, inFlight: 4 } }],
    ['echo over server-sent events', { transport: 'serverSentEvents' }],
    ['broadcast over server-sent events', { transport: 'serverSentEvents', work: { kind: 'broadcast', size: 32, inFlight: 4 } }],
    ['echo over long polling', { transport: 'longPolling' }],
    ['echo over long polling in MessagePack', { transport: 'longPolling', dialect: 'signalr-messagepack' }],
  ])('%s: all comes, once and in order', async (_, changes) => {
    const report = await runLoad(plan(await startHub(), changes));
    expect(report.examples).toEqual([]);
    expect(report.faults).toEqual(NONE);
    expect(report.messages).toBeGreaterThan(0);
    expect(report.latency.length).toBeGreaterThan(0);
  });

  test('counts connections of a storm, and of idle ones sends nothing', async () => {
    const port = await startHub();
    const storm = await runLoad(plan(port, { connections: 150, work: { kind: 'storm' } }));
    expect([storm.messages, storm.connections, storm.faults]).toEqual([150, 150, NONE]);
    const idle = await runLoad(plan(port, { connections: 20, work: { kind: 'idle' } }));
    expect([idle.messages, idle.connections, idle.faults]).toEqual([0, 20, NONE]);
  });

  test('keeps to its rate', async () => {
    const { messages, seconds } = await runLoad(
      plan(await startHub(), { duration: 800, work: { kind: 'echo', size: 32, depth: 1, perSecond: 500 } }),
    );
    expect(messages / seconds).toBeGreaterThan(300);
    expect(messages / seconds).toBeLessThan(700);
  });

  test('pauses at each stage', async () => {
    const stages: Stage[] = [];
    await runLoad(plan(await startHub(), {}), (stage) => {
      stages.push(stage);
      return Promise.resolve();
    });
    expect(stages).toEqual(['connecting', 'connected', 'warm', 'measured']);
  });

  test.skipIf(process.platform !== 'linux')('reads what the server uses', async () => {
    const { server, resident, generator } = await runLoad(plan(await startHub(), { pid: process.pid, duration: 300 }));
    // The server is this very process.
    expect(Math.abs((server?.user ?? 0) + (server?.system ?? 0) - generator.user - generator.system)).toBeLessThan(60_000);
    expect(resident?.after).toBeGreaterThan(1024 * 1024);
  });
});

describe('a run against a faulty server', () => {
  const echo = { connections: 1, work: { kind: 'echo', size: 4, depth: 4 }, warmUp: 0, duration: 100, settling: 300 } as const;

  test('finds a loss', async () => {
    const port = await startFaulty((socket, { invocationId, arguments: [text] }, count) => {
      if (count !== 6) complete(socket, invocationId, text);
    });
    expect((await runLoad(plan(port, echo))).faults).toEqual({ ...NONE, lost: 1 });
  });

  test('finds a swap', async () => {
    let held: string | undefined;
    const port = await startFaulty((socket, { invocationId, arguments: [text] }, count) => {
      if (count === 6) held = invocationId;
      else complete(socket, invocationId, text);
      if (count === 7) complete(socket, held, text);
    });
    expect((await runLoad(plan(port, echo))).faults).toEqual({ ...NONE, swapped: 1 });
  });

  test('finds a repetition', async () => {
    const port = await startFaulty((socket, { invocationId, arguments: [text] }, count) => {
      complete(socket, invocationId, text);
      if (count === 6) complete(socket, invocationId, text);
    });
    expect((await runLoad(plan(port, echo))).faults).toEqual({ ...NONE, repeated: 1 });
  });

  test('finds answers of another length, errors and nonsense, each with an example', async () => {
    const wrong = new Map<number, object>([
      [3, { result: 'eeeee' }],
      [4, { error: 'no' }],
    ]);
    const port = await startFaulty((socket, { invocationId, arguments: [text] }, count) => {
      if (count === 5) socket.send('{"type":3\x1e');
      socket.send(`${JSON.stringify({ type: 3, invocationId, ...(wrong.get(count) ?? { result: text }) })}\x1e`);
    });
    const { faults, examples } = await runLoad(plan(port, echo));
    expect(faults).toEqual({ ...NONE, wrong: 3, lost: 2 });
    expect(examples.join()).toMatch(/"eeeee".*"error":"no".*SyntaxError/s);
  });

  test('finds content that becomes wrong, at the same length', async () => {
    const port = await startFaulty((socket, { invocationId, arguments: [text] }, count) => {
      complete(socket, invocationId, count < 20 ? text : 'fake');
    });
    expect((await runLoad(plan(port, echo))).faults.wrong).toBeGreaterThan(0);
  });

  test('spreads the connections over several servers, and sends each what they do not tell each other', async () => {
    const ports = await Promise.all([startHub(), startHub(), startHub()]);
    const others = ports.slice(1).map((port) => ({ endpoint: { host: '127.0.0.1', port, path: '/hub' }, pid: process.pid }));
    const work = { kind: 'broadcast', size: 32, inFlight: 2 } as const;
    const three = plan(ports[0] ?? 0, { others, connections: 7, work, settling: 300 });
    const together = await runLoad({ ...three, apart: true, pid: process.pid, besidePid: process.pid });
    expect(together.faults).toEqual(NONE);
    expect(together.messages).toBeGreaterThan(7);
    expect(together.beside?.user).toBeGreaterThanOrEqual(0);
    expect(together.besideResident).toBeGreaterThan(1_000_000);
    // Sent to one of them only, a broadcast does not reach the clients of the others.
    expect((await runLoad(three)).faults.lost).toBeGreaterThan(0);
  });

  test('finds a broadcast that one member misses', async () => {
    const sockets = new Set<object>();
    const port = await startFaulty((socket, { arguments: [text] }, count) => {
      sockets.add(socket);
      if (count !== 3) socket.send(`${JSON.stringify({ type: 1, target: 'message', arguments: [text] })}\x1e`);
    });
    const { faults } = await runLoad(
      plan(port, { connections: 1, warmUp: 0, settling: 300, work: { kind: 'broadcast', size: 32, inFlight: 2 } }),
    );
    expect(faults).toEqual({ ...NONE, lost: 1 });
    expect(sockets.size).toBe(1);
  });

  test('finds texts that reach another connection than they were for', async () => {
    // Everybody is told to be somebody else, by turns, and hears itself.
    const port = await startFaulty((socket, { target, invocationId, arguments: [, text] }, count) => {
      if (target === 'id') complete(socket, invocationId, `id ${count}`);
      else socket.send(`${JSON.stringify({ type: 1, target: 'message', arguments: [text] })}\x1e`);
    });
    const { faults } = await runLoad(plan(port, { work: { kind: 'toConnection', size: 32 }, connections: 40, settling: 50 }));
    expect(faults.lost + faults.repeated).toBeGreaterThan(0);
  });

  test('finds streams with a hole, with two items swapped and with one too few', async () => {
    const orders = [
      [0, 1, 3],
      [0, 2, 1, 3],
      [0, 1, 2],
    ];
    const port = await startFaulty((socket, { invocationId, arguments: [from] }, count) => {
      for (const i of orders[count] ?? [0, 1, 2, 3])
        socket.send(`${JSON.stringify({ type: 2, invocationId, item: Number(from) + i })}\x1e`);
      socket.send(`${JSON.stringify({ type: 3, invocationId })}\x1e`);
    });
    const { faults } = await runLoad(plan(port, { connections: 1, warmUp: 0, work: { kind: 'stream', items: 4 } }));
    expect(faults).toEqual({ ...NONE, lost: 2, swapped: 1 });
  });

  test('finds connections that end', async () => {
    const port = await startFaulty((socket, _, count) => {
      if (count === 2) socket.close(1000);
    });
    const { faults, examples } = await runLoad(plan(port, { ...echo, connections: 2 }));
    expect(faults.closed).toBe(2);
    expect(examples).toEqual(['closed: the server closed the connection']);
  });

  test('does not write over what a slow server has still to read', async () => {
    let paused = false;
    const port = await startFaulty((socket, { invocationId, arguments: [text] }) => {
      if (!paused) setTimeout(() => socket.resume(), 200);
      if (!paused) socket.pause();
      paused = true;
      complete(socket, invocationId, text);
    });
    const work = { kind: 'echo', size: 200_000, depth: 1, perSecond: 300 } as const;
    const { faults, messages } = await runLoad(plan(port, { connections: 1, duration: 400, work }));
    expect(faults).toEqual(NONE);
    expect(messages).toBeGreaterThan(5);
  });

  test('can only count answers that are all the same', async () => {
    const port = await startFaulty((socket) => complete(socket, '0000000000', ''));
    const report = await runLoad(plan(port, { ...echo, numbered: false }));
    expect(report.faults).toEqual(NONE);
    expect(report.messages).toBeGreaterThan(0);
  });
});

describe('a run that can not be', () => {
  test('says why the server refuses', async () => {
    const port = await startHub();
    const endpoint = { host: '127.0.0.1', port, path: '/nowhere' };
    for (const transport of ['webSockets', 'serverSentEvents', 'longPolling'] as const)
      await expect(runLoad(plan(port, { endpoint, transport }))).rejects.toThrow(/404/);
    await expect(runLoad(plan(port, { transport: 'serverSentEvents', dialect: 'signalr-messagepack' }))).rejects.toThrow(/Binary/);
  });

  test('says that nobody listens', async () => {
    await expect(runLoad(plan(1, {}))).rejects.toThrow(/ECONNREFUSED/);
  });

  test('says that a protocol has no streams', async () => {
    const port = await startHub();
    await expect(runLoad(plan(port, { connections: 0, dialect: 'socket.io', work: { kind: 'stream', items: 1 } }))).rejects.toThrow(
      /no streams/,
    );
  });
});
