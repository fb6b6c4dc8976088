import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NatsBus } from '../../examples/nats/nats-bus.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import { eventually } from '../eventually.ts';
import { BusFarm } from './farm.ts';
import { NatsServer, natsIsHere } from './nats-server.ts';

const message = (target: string): SharedMessage => new SharedMessage({ type: MessageType.invocation, target, arguments: [] });

describe.skipIf(!natsIsHere)('a NATS that goes away', () => {
  let nats: NatsServer;
  let farm: BusFarm;

  beforeEach(async () => {
    nats = await NatsServer.start();
    farm = new BusFarm(() => NatsBus.connect(nats.url));
  });
  afterEach(async () => {
    await farm.close();
    await nats.stop();
  });

  test('fails sends and joins, and everybody hears everything again when it is back', async () => {
    const [here, there] = [await farm.start(), await farm.start()];
    const [a, b] = [new RecordingMember('a'), new RecordingMember('b')];
    await here.backplane.attach(a);
    await there.backplane.attach(b);
    await there.backplane.join('b', 'g');
    await nats.stop();
    await eventually(() => expect([here.factory.state, there.factory.state]).toEqual(['down', 'down']));
    await expect(here.backplane.send({ to: 'all' }, message('lost'))).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED' });
    await expect(here.backplane.join('a', 'new')).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED' });
    await nats.start();
    await eventually(() => expect([here.factory.state, there.factory.state]).toEqual(['connected', 'connected']));
    await here.backplane.send({ to: 'groups', names: ['g'] }, message('again'));
    await here.backplane.send({ to: 'all' }, message('end'));
    await Promise.all([a.waitFor('end'), b.waitFor('end')]);
    expect([a.targets, b.targets]).toEqual([['end'], ['again', 'end']]);
  });

  test('never takes a message silently: what it has not confirmed is a failure of the send', async () => {
    const { backplane } = await farm.start();
    const member = new RecordingMember('a');
    await backplane.attach(member);
    const outcomes: Promise<string>[] = [];
    const send = (i: number): void => {
      const sent = Promise.resolve(backplane.send({ to: 'all' }, message(`${i}`)));
      outcomes.push(
        sent.then(
          () => `${i}`,
          () => 'failed',
        ),
      );
    };
    const stopping = nats.stop();
    for (let i = 0; backplane.state === 'connected'; i++) {
      send(i);
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await stopping;
    const settled = await Promise.all(outcomes);
    const taken = settled.filter((outcome) => outcome !== 'failed');
    expect(taken.length).toBeLessThan(settled.length);
    expect(member.targets).toEqual(expect.arrayContaining(taken));
  });

  test('is waited for at the start', async () => {
    await nats.stop();
    const connecting = NatsBus.connect(nats.url);
    await nats.start();
    const bus = await connecting;
    expect(bus.state).toBe('connected');
    await bus.close();
  });
});

describe.skipIf(!natsIsHere)('a NATS that forbids a subject', () => {
  test('refuses the subscription', async () => {
    const nats = await NatsServer.start('--config', new URL('nats-permissions.conf', import.meta.url).pathname);
    const bus = await NatsBus.connect(nats.url, { user: 'chat', pass: 'secret' });
    await expect(bus.subscribe('signalbox.all.Hub', () => undefined).ready).rejects.toThrow(/permissions violation/i);
    await bus.subscribe('chat.all.Hub', () => undefined).ready;
    await bus.close();
    await nats.stop();
  });
});
