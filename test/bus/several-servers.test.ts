import { busBackplane, SignalR } from 'signalbox';
import { MemoryClient, MemoryExchange } from 'signalbox/conformance';
import { expect, test } from 'vitest';
import { desk } from '../../examples/nats/hub.ts';

test('a room of several servers', async () => {
  const exchange = new MemoryExchange();
  const [first, second] = [1, 2].map(() => new SignalR({ backplane: busBackplane(exchange.connect()) }).map('/desk', desk)) as [
    SignalR,
    SignalR,
  ];
  const ann = await MemoryClient.connect(first, '/desk');
  const bob = await MemoryClient.connect(second, '/desk');
  await ann.invoke('enter', 'lobby');
  await bob.invoke('say', 'lobby', 'hello');
  expect(await ann.next('message')).toEqual(['guest', 'hello']);
  await Promise.all([first.close(), second.close()]);
});
