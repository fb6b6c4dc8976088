import { LocalBackplane, SignalR } from 'signalbox';
import { backplaneCases, MemoryClient } from 'signalbox/conformance';
import { describe, expect, test } from 'vitest';
import { counted } from '../../examples/backplanes/counted.ts';
import { desk } from '../../examples/nats/hub.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';

describe('a backplane around another', () => {
  const context = { protocols: [], wheel: new TimerWheel(systemClock), log: silent };
  const make = counted(
    () => new LocalBackplane(),
    () => undefined,
  );

  test.each(backplaneCases.filter(({ servers }) => servers === 1))('keeps its promises: $name', ({ run }) =>
    run({ servers: [make('Test.Hub', context)] }),
  );

  test('sees what is sent', async () => {
    const sends: string[] = [];
    const backplane = counted(
      () => new LocalBackplane(),
      (hub, to) => sends.push(`${hub} ${to}`),
    );
    const signalr = new SignalR({ backplane, authenticate: () => ({ sub: 'ann' }) }).map('/desk', desk);
    const client = await MemoryClient.connect(signalr, '/desk');
    await client.invoke('announce', 'hello');
    expect(await client.next('message')).toEqual(['desk', 'hello']);
    expect(sends).toEqual(['Desk all']);
    await signalr.close();
  });
});
