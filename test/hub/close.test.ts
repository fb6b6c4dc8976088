import { defineHub, method, SignalR, type CloseOptions } from 'signalbox';
import { FakeClock, MemoryClient } from 'signalbox/conformance';
import { describe, expect, test } from 'vitest';

/** A hub that never finishes its farewells. */
const hub = defineHub()({ disconnected: () => new Promise(() => {}), methods: { echo: method((_, text) => text) } });

describe('a host that closes', () => {
  test.each<[string, CloseOptions, number]>([
    ['5 s', {}, 5_000],
    ['as long as it is told', { timeout: 60_000 }, 60_000],
  ])('waits %s for its hubs, and leaves behind what has not ended then', async (_, options, patience) => {
    const clock = new FakeClock();
    const signalr = new SignalR({ clock }).map('/hub', hub);
    const client = await MemoryClient.connect(signalr, '/hub', { clock });
    expect(await client.invoke('echo', 'x')).toBe('x');
    let closed = false;
    const closing = signalr.close(options).then(() => (closed = true));
    await client.closed;
    clock.advance(patience - 200);
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    clock.advance(400);
    await closing;
  });
});
