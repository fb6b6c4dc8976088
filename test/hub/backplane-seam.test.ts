import { describe, expect, onTestFinished, test } from 'vitest';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { LocalBackplane } from '../../src/backplane/local-backplane.ts';
import { codedError } from '../../src/base/errors.ts';
import { defineHub, method } from '../../src/index.ts';
import { HubUnderTest, settle } from './hub-under-test.ts';

const plain = (connected = (): void => undefined) => defineHub()({ connected, methods: { echo: method((_, value) => value) } });

/** A local backplane, some of whose members are others. */
function localBut(others: Partial<Backplane>): Backplane {
  const local = new LocalBackplane();
  return {
    attach: (member) => local.attach(member),
    detach: (member) => local.detach(member),
    send: (audience, message) => local.send(audience, message),
    join: (connectionId, group) => local.join(connectionId, group),
    leave: (connectionId, group) => local.leave(connectionId, group),
    invoke: (connectionId, target, args) => local.invoke(connectionId, target, args),
    complete: (member, completion) => local.complete(member, completion),
    close: () => local.close(),
    ...others,
  };
}

describe('a backplane', () => {
  test('that does not take a client in costs the client this server, not its way back', async () => {
    let welcomed = 0;
    let detached = 0;
    const backplane = localBut({
      async attach() {
        await Promise.resolve();
        throw new Error('out of reach');
      },
      detach: () => void detached++,
    });
    const hub = new HubUnderTest(
      plain(() => void welcomed++),
      { backplane },
    );
    const client = hub.connect();
    expect(await client.receive()).toEqual([{ type: 7, error: 'Connection closed with an error.', allowReconnect: true }]);
    await settle();
    expect({ welcomed, detached }).toEqual({ welcomed: 0, detached: 1 });
    expect(hub.logged.map(({ event }) => event.id)).toEqual(['hub.backplane-failed']);
  });

  test('is waited for before the hub hears of a client, whose calls wait too', async () => {
    let take: () => void = () => undefined;
    const backplane = localBut({ attach: () => new Promise((resolve) => (take = resolve)) });
    const order: string[] = [];
    const hub = new HubUnderTest(
      plain(() => void order.push('connected')),
      { backplane },
    );
    const client = hub.connect();
    client.invoke('echo', 1);
    await settle();
    expect(client.take()).toEqual([]);
    take();
    expect(await client.receive()).toEqual([{ type: 3, invocationId: '1', result: 1 }]);
    expect(order).toEqual(['connected']);
  });

  test('gets an answer with the bytes that the client sent, and the protocol it speaks', () => {
    const answers: { readonly id: string; readonly record: string | undefined; readonly protocol: string }[] = [];
    const backplane = localBut({
      complete({ protocol }, { invocationId: id }, record) {
        answers.push({ id, record: record?.toString(), protocol: protocol.name });
        return 'settled';
      },
    });
    const client = new HubUnderTest(plain(), { backplane }).connect();
    const records = ['{"type":3,"invocationId":"a","result": 9007199254740993}\u001e', '{"type":3, "invocationId":"b"}\u001e'];
    client.connection.send(`{"type":6}\u001e${records.join('{"type":99}\u001e')}`);
    expect(answers).toEqual([
      { id: 'a', record: records[0], protocol: 'json' },
      { id: 'b', record: records[1], protocol: 'json' },
    ]);
  });
});

test('a send that a closed backplane refuses ends nobody who does not wait for it', async () => {
  const refuse = (): never => {
    throw codedError('SIGNALBOX_BACKPLANE_CLOSED', { action: 'sending' });
  };
  const hub = new HubUnderTest(plain(), { backplane: localBut({ send: refuse }) });
  const unhandled: unknown[] = [];
  const notice = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', notice);
  onTestFinished(() => void process.off('unhandledRejection', notice));
  void hub.server.clients.all.send('note');
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
  await expect(hub.server.clients.all.send('note')).rejects.toMatchObject({ code: 'SIGNALBOX_BACKPLANE_CLOSED' });
});
