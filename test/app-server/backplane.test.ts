import { describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { connectedHost } from './connected-host.ts';
import type { ScriptedLink } from './scripted-service.ts';

const one = { initialHubServerConnectionCount: 1 };
const json = (payloads: ReadonlyMap<string, Buffer>): unknown => JSON.parse((payloads.get('json')?.toString() ?? '').slice(0, -1));
const event = (target: string, ...args: unknown[]): object => ({ type: 1, target, arguments: args });

describe('what is sent', () => {
  it('goes to the service in each hub protocol, as a message for its audience', async () => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    const { clients } = signalr.hub(hub);
    await clients.all.send('m', 1);
    const broadcast = await link.next('broadcastData');
    expect(json(broadcast.payloads)).toEqual(event('m', 1));
    expect([...broadcast.payloads.keys()]).toEqual(['json', 'messagepack']);
    expect(broadcast.payloads.get('messagepack')?.[0]).toBe((broadcast.payloads.get('messagepack')?.length ?? 0) - 1);
    expect(broadcast.excluded).toEqual([]);
    await clients.allExcept(['x', 'y']).send('m');
    expect(await link.next('broadcastData')).toMatchObject({ excluded: ['x', 'y'] });
    await clients.group('g').send('m');
    expect(await link.next('groupBroadcastData')).toMatchObject({ group: 'g', excluded: [], excludedUserIds: [], callerUserId: null });
    await clients.groupExcept('g', ['x']).send('m');
    expect(await link.next('groupBroadcastData')).toMatchObject({ group: 'g', excluded: ['x'] });
    await clients.groups(['g', 'h', 'g']).send('m');
    expect(await link.next('multiGroupBroadcastData')).toMatchObject({ groups: ['g', 'h'] });
    await clients.user('u').send('m');
    expect(await link.next('userData')).toMatchObject({ userId: 'u' });
    await clients.users(['u', 'v']).send('m');
    expect(await link.next('multiUserData')).toMatchObject({ userIds: ['u', 'v'] });
    await clients.client('x').send('m');
    expect(await link.next('multiConnectionData')).toMatchObject({ connectionIds: ['x'] });
    await clients.clients(['x', 'y', 'x']).send('m');
    expect(await link.next('multiConnectionData')).toMatchObject({ connectionIds: ['x', 'y'] });
    await clients.clients([]).send('m');
    await link.settle();
    expect(link.all('multiConnectionData')).toEqual([]);
  });

  it('to a client of this server goes by its server connection, in its protocol alone, in order with its answers', async () => {
    const { service, signalr, hub } = await connectedHost();
    const { clients } = signalr.hub(hub);
    for (const [place, link] of service.links.entries()) {
      await link.open(`client ${place}`);
      await clients.client(`client ${place}`).send('m', place);
      const message = await link.next('multiConnectionData');
      expect(message.connectionIds).toEqual([`client ${place}`]);
      expect([...message.payloads.keys()]).toEqual(['json']);
    }
    await clients.clients(['client 0', 'client 1', 'client 2']).send('m');
    for (let place = 0; place < 3; place++) {
      expect(await service.links[place]?.next('multiConnectionData')).toMatchObject({ connectionIds: [`client ${place}`] });
    }
  });

  it('by a method goes by its caller, so it comes before the answer', async () => {
    const { service } = await connectedHost();
    for (const [place, link] of service.links.entries()) {
      await link.open(`client ${place}`);
      link.received.length = 0;
      link.call(`client ${place}`, 'tellAll', '1', 'x');
      await link.next('connectionData');
      expect(link.received.map(({ type }) => type)).toEqual(['multiConnectionData', 'broadcastData', 'groupBroadcastData', 'userData']);
    }
  });

  it('from outside goes by one connection for each group, user and client, and by different ones for different ones', async () => {
    const { service, signalr, hub } = await connectedHost();
    const { clients } = signalr.hub(hub);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 41; i++) await clients.group(`g${i}`).send('m', round);
    await eventually(() => expect(service.links.flatMap((link) => link.all('groupBroadcastData'))).toHaveLength(123));
    for (const link of service.links) {
      const groups = link.all('groupBroadcastData');
      expect(groups.length).toBeGreaterThan(0);
      const names = new Set(groups.map(({ group }) => group));
      expect(groups).toHaveLength(3 * names.size);
      for (const name of names) {
        const rounds = groups
          .filter(({ group }) => group === name)
          .map(({ payloads }) => (json(payloads) as { arguments: unknown[] }).arguments[0]);
        expect(rounds).toEqual([0, 1, 2]);
      }
    }
  });

  it('in one turn leaves in one WebSocket message', async () => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    let frames = 0;
    link.socket.on('message', () => frames++);
    for (let i = 0; i < 50; i++) void signalr.hub(hub).clients.all.send('m', i);
    await eventually(() => expect(link.all('broadcastData')).toHaveLength(50));
    expect(frames).toBe(1);
  });

  it('that no protocol can write is refused, and the next one goes out', async () => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    const { clients } = signalr.hub(hub);
    await expect(clients.all.send('m', 2n ** 64n)).rejects.toMatchObject({ code: 'SIGNALBOX_NOT_SERIALISABLE' });
    await clients.all.send('next');
    expect(json((await link.next('broadcastData')).payloads)).toEqual(event('next'));
  });

  it('while there is no server connection fails with a coded error', async () => {
    const { link, signalr, hub, handle } = await connectedHost({ connect: one });
    const { clients, groups } = signalr.hub(hub);
    link.socket.terminate();
    await eventually(() => expect(handle.state).toBe('down'));
    for (const failing of [
      clients.all.send('m'),
      clients
        .client('x')
        .send('m')
        .then(() => clients.group('g').send('m')),
      groups.join('x', 'g'),
    ]) {
      await expect(failing).rejects.toMatchObject({ code: 'SIGNALBOX_SERVICE_UNAVAILABLE' });
    }
    await expect(clients.client('x').invoke.ask('?')).rejects.toMatchObject({ code: 'SIGNALBOX_SERVICE_UNAVAILABLE' });
  });
});

describe('groups', () => {
  const acked = async (link: ScriptedLink, status: number, message: string | null = null): Promise<void> => {
    const { ackId } = await link.next('joinGroupWithAck');
    link.send({ type: 'ack', ackId, status, message });
  };

  it('are joined and left when the service says so; numbers count over all server connections', async () => {
    const { service, signalr, hub } = await connectedHost({ connect: { initialHubServerConnectionCount: 2 } });
    const [first, second] = service.links;
    await first?.open('a');
    await second?.open('b');
    first?.call('a', 'join', '1', 'g');
    const joining = await first?.next('joinGroupWithAck');
    expect(joining).toMatchObject({ connectionId: 'a', group: 'g', ackId: 1 });
    await first?.settle();
    expect(first?.all('connectionData')).toEqual([]);
    first?.send({ type: 'ack', ackId: 1, status: 1, message: '' });
    expect((await first?.told('a'))?.[0]).toEqual({ type: 3, invocationId: '1', result: null });
    second?.call('b', 'leave', '1', 'g');
    expect(await second?.next('leaveGroupWithAck')).toMatchObject({ connectionId: 'b', group: 'g', ackId: 2 });
    second?.send({ type: 'ack', ackId: 2, status: 2, message: null });
    expect((await second?.told('b'))?.[0]).toEqual({ type: 3, invocationId: '1', result: null });
    void signalr.hub(hub).groups.join('elsewhere', 'g');
    await eventually(() => expect([first, second].flatMap((link) => link?.all('joinGroupWithAck') ?? [])).toMatchObject([{ ackId: 3 }]));
  });

  it.each([
    [3, 'SIGNALBOX_SERVICE_TIMEOUT'],
    [4, 'SIGNALBOX_SERVICE_REFUSED'],
    [5, 'SIGNALBOX_SERVICE_REFUSED'],
    [77, 'SIGNALBOX_SERVICE_REFUSED'],
  ])('that the service answers with status %i end in %s', async (status, code) => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    const joining = signalr.hub(hub).groups.join('a', 'g');
    await acked(link, status, 'why');
    await expect(joining).rejects.toMatchObject({ code });
  });

  it('that are not confirmed in time fail, and so do those on a connection that is lost', async () => {
    const { link, signalr, hub, clock } = await connectedHost({ connect: one });
    const { groups } = signalr.hub(hub);
    const late = groups.join('a', 'g');
    const { ackId } = await link.next('joinGroupWithAck');
    clock.advance(10_200);
    await expect(late).rejects.toMatchObject({ code: 'SIGNALBOX_SERVICE_TIMEOUT' });
    link.send({ type: 'ack', ackId, status: 1, message: null }, { type: 'ack', ackId: 999, status: 1, message: null });
    await link.settle();
    const lost = groups.join('a', 'g');
    await link.next('joinGroupWithAck');
    link.socket.terminate();
    await expect(lost).rejects.toMatchObject({ code: 'SIGNALBOX_SERVICE_UNAVAILABLE' });
  });
});

describe('client results', () => {
  const completion = (invocationId: string, result: unknown): string => `${JSON.stringify({ type: 3, invocationId, result })}\u001e`;

  it('of a client of this server come back by its data, and the service hears that it need not wait', async () => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    await link.open('a');
    const asked = signalr.hub(hub).clients.client('a').invoke.ask('?');
    const invocation = await link.next('clientInvocation');
    expect(invocation).toMatchObject({ connectionId: 'a', callerServerId: link.request.headers['x-asrs-server-id'] });
    expect(invocation.invocationId).toMatch(/^a-[0-9a-f]{32}-1$/);
    expect(json(invocation.payloads)).toEqual({ ...event('ask', '?'), invocationId: invocation.invocationId });
    link.say('a', completion(invocation.invocationId, 42));
    expect(await asked).toBe(42);
    const done = await link.next('clientCompletion');
    expect(done).toMatchObject({ invocationId: invocation.invocationId, connectionId: 'a', protocol: 'json' });
    expect(done.payload).toHaveLength(0);
  });

  it('of a client of another server come by the service', async () => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    const asked = signalr.hub(hub).clients.client('far').invoke.ask('?');
    const { invocationId } = await link.next('clientInvocation');
    link.send({ type: 'serviceMapping', invocationId, connectionId: 'far', instanceId: 'one' });
    const answer = { type: 'clientCompletion', invocationId, senderServerId: 'other', protocol: 'json' } as const;
    link.send({ ...answer, connectionId: 'not asked', payload: Buffer.from(completion(invocationId, 1)) });
    link.send({ ...answer, connectionId: 'far', payload: Buffer.from(completion(invocationId, 42)) });
    expect(await asked).toBe(42);
  });

  it('that another server asks of a client here are passed on as the client wrote them', async () => {
    const { link } = await connectedHost({ connect: one });
    await link.open('a');
    await link.open('b');
    const payloads = new Map([['json', Buffer.from('unused')]]);
    link.send({ type: 'clientInvocation', invocationId: 'theirs', connectionId: 'a', callerServerId: 'other', payloads });
    const written = '{"result":{"n":12345678901234567890},"type":3,"invocationId":"theirs"}\u001e';
    link.say('a', written);
    const { payload, ...passed } = await link.next('clientCompletion');
    expect(passed).toMatchObject({ invocationId: 'theirs', connectionId: 'a', protocol: 'json', extension: { protocol: 'json' } });
    expect(passed.senderServerId).toBe(link.request.headers['x-asrs-server-id']);
    expect(payload.toString()).toBe(written);
    // Who was not asked, and answers, breaks the protocol.
    link.send({ type: 'clientInvocation', invocationId: 'again', connectionId: 'a', callerServerId: 'other', payloads });
    link.say('b', completion('again', 1));
    expect(await link.next('closeConnection')).toMatchObject({ connectionId: 'b' });
  });

  it.each([
    ["Connection 'far' does not exist.", { code: 'SIGNALBOX_UNKNOWN_CONNECTION' }],
    ["Connection 'far' disconnected.", { code: 'SIGNALBOX_CONNECTION_GONE' }],
    ['The managed service has other words.', { name: 'HubException', message: 'The managed service has other words.' }],
  ])('that fail say why: %s', async (error, expected) => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    const asked = signalr.hub(hub).clients.client('far').invoke.ask('?');
    const { invocationId, callerServerId } = await link.next('clientInvocation');
    link.send({ type: 'errorCompletion', invocationId, connectionId: 'far', callerServerId, error });
    await expect(asked).rejects.toMatchObject(expected);
  });

  it('fail with their client, with the instance that has it, with the last server connection, and with the time', async () => {
    const { link, signalr, hub, clock } = await connectedHost({ connect: one });
    const { clients } = signalr.hub(hub);
    await link.open('a');
    const gone = clients.client('a').invoke.ask('?');
    await link.next('clientInvocation');
    link.send({ type: 'closeConnection', connectionId: 'a', error: '' });
    await expect(gone).rejects.toMatchObject({ code: 'SIGNALBOX_CONNECTION_GONE' });

    const offline = clients.client('far').invoke.ask('?');
    const { invocationId } = await link.next('clientInvocation');
    link.send({ type: 'serviceMapping', invocationId, connectionId: 'far', instanceId: 'one' });
    link.ping('offline', 'one');
    await expect(offline).rejects.toMatchObject({ code: 'SIGNALBOX_CONNECTION_GONE' });

    const late = clients.client('far').invokeWith({ timeout: 1_000 }).ask('?');
    await link.next('clientInvocation');
    clock.advance(1_300);
    await expect(late).rejects.toMatchObject({ code: 'SIGNALBOX_CLIENT_RESULT_TIMEOUT' });
    expect((await link.next('clientCompletion')).payload).toHaveLength(0);

    const lost = clients.client('far').invoke.ask('?');
    await link.next('clientInvocation');
    link.socket.terminate();
    await expect(lost).rejects.toMatchObject({ code: 'SIGNALBOX_SERVICE_UNAVAILABLE' });
  });
});
