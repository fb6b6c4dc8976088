import { describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { connectedHost } from './connected-host.ts';

const one = { initialHubServerConnectionCount: 1 };
const two = { initialHubServerConnectionCount: 2 };
const NAME = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/';
const ROLE = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';

describe('a client that the service opens', () => {
  it('is served by the hub; what it is sent is marked for what it is', async () => {
    const { link, journal } = await connectedHost({ connect: one });
    await link.open('a');
    expect(journal).toEqual(['a came']);
    link.call('a', 'echo', '1', { deep: [1] });
    expect(await link.told('a')).toEqual([{ type: 3, invocationId: '1', result: { deep: [1] } }, 2]);
    link.call('a', 'abort', undefined);
    expect(await link.told('a')).toEqual([{ type: 7 }, 4]);
    expect(await link.next('closeConnection')).toMatchObject({ connectionId: 'a', error: '', headers: new Map() });
    await eventually(() => expect(journal).toEqual(['a came', 'a left']));
  });

  it('is pinged by the hub, and held to its own pings', async () => {
    const { link, clock } = await connectedHost({ connect: one });
    await link.open('a');
    clock.advance(15_300);
    expect(await link.told('a')).toEqual([{ type: 6 }, 3]);
    link.say('a', '{"type":6}\u001e');
    await link.settle();
    clock.advance(15_000);
    link.ping();
    await link.settle();
    clock.advance(16_000);
    await link.next('closeConnection');
  });

  it('speaks MessagePack', async () => {
    const { link } = await connectedHost({ connect: one });
    link.send({
      type: 'openConnection',
      connectionId: 'a',
      claims: [],
      headers: new Map(),
      queryString: '',
      extension: { protocol: 'messagepack' },
    });
    link.say('a', '{"protocol":"messagepack","version":1}\u001e');
    expect(await link.next('connectionData')).toMatchObject({ payload: Buffer.from('{}\u001e'), extension: { dataType: 1 } });
    link.say('a', Buffer.from([0x0e, 0x96, 1, 0x80, 0xa1, 0x31, 0xa4, 0x65, 0x63, 0x68, 0x6f, 0x91, 0xa1, 0x78, 0x90]));
    const { payload, extension } = await link.next('connectionData');
    expect([payload.toString('hex'), extension.dataType]).toEqual(['08950380a13103a178', 2]);
  });

  it('has the user, the request and the address that the service tells', async () => {
    const { link } = await connectedHost({ connect: one });
    await link.open('a', {
      claims: [
        ['asrs.s.uid', 'u-1'],
        ['asrs.s.aut', 'Bearer'],
        [`${NAME}nameidentifier`, 'ann'],
        [`${NAME}emailaddress`, 'ann@example'],
        [ROLE, 'one'],
        [ROLE, 'two'],
        ['level', '3'],
        ['asrs.u.iss', 'my issuer'],
        ['asrs.u.exp', '1700000000'],
        ['aud', 'dropped'],
        ['exp', '9'],
        ['nonce', 'dropped'],
        ['__proto__', 'harmless'],
      ],
      headers: new Map([
        ['X-OWN', ['a', 'b']],
        ['Cookie', ['colour=green']],
        ['X-Forwarded-For', ['10.1.2.3, 10.0.0.1']],
        ['bad name\n', ['left out']],
      ]),
      queryString: '?hub=chat&asrs.op=%2Fchat&q=1%202',
    });
    link.call('a', 'whoAmI', '1');
    const [answer] = (await link.told('a')) as [{ result: unknown }, number];
    expect(answer.result).toEqual({
      user: JSON.parse(
        '{"sub":"ann","email":"ann@example","role":["one","two"],"level":"3","iss":"my issuer","exp":1700000000,"__proto__":"harmless"}',
      ) as unknown,
      userId: 'u-1',
      path: '/chat',
      query: '1 2',
      address: '10.1.2.3',
      header: 'a, b',
      cookie: 'green',
    });
  });

  it('is anonymous without claims, and has the user id that the token has, else none', async () => {
    const { link } = await connectedHost({ connect: one });
    const who = async (id: string, ...claims: (readonly [string, string])[]): Promise<unknown> => {
      await link.open(id, { claims });
      link.call(id, 'whoAmI', '1');
      const [answer] = (await link.told(id)) as [{ result: { user?: unknown; userId?: string } }, number];
      return [answer.result.user, answer.result.userId];
    };
    expect(await who('a', ['asrs.s.sn', 'x'], ['iat', '1'])).toEqual([undefined, undefined]);
    expect(await who('b', ['asrs.s.uid', 'x'])).toEqual([{}, 'x']);
    expect(await who('c', ['nameid', 'y'])).toEqual([{ nameid: 'y' }, 'y']);
    // The service would not know it.
    expect(await who('d', ['sub', 'z'])).toEqual([{ sub: 'z' }, undefined]);
  });

  it('has the options of the path that its token names, whatever its own query says', async () => {
    const { link, signalr, hub } = await connectedHost({ connect: one });
    signalr.map('/strict', hub, { maximumReceiveMessageSize: 100 });
    await link.open('a', { claims: [['asrs.s.signalbox.path', '/strict']] });
    await link.open('b', { queryString: '?asrs.op=%2Fstrict' });
    await link.open('c', { queryString: '?asrs.op=%2Fnowhere' });
    for (const id of ['a', 'b', 'c']) link.call(id, 'echo', '1', 'x'.repeat(200));
    for (const id of ['a', 'b']) expect((await link.told(id))[1]).toBe(4);
    expect((await link.told('c'))[1]).toBe(2);
  });

  it('is turned away where the host can not make its user, and that costs nobody else', async () => {
    const { link, logged } = await connectedHost({
      connect: {
        ...one,
        user: (claims) => {
          if (claims['bad'] !== undefined) throw new Error('bad');
          return { ...claims, mine: true };
        },
      },
    });
    await link.open('a', { claims: [['good', '1']] });
    link.send({ type: 'openConnection', connectionId: 'b', claims: [['bad', '1']], headers: new Map(), queryString: '' });
    expect(await link.next('closeConnection')).toMatchObject({ connectionId: 'b' });
    expect(logged.at(-1)).toMatch(/^app-server.open-refused/);
    link.call('a', 'whoAmI', '1');
    expect((await link.told('a'))[0]).toMatchObject({ result: { user: { good: '1', mine: true } } });
  });

  it('that breaks the handshake hears why, and is closed', async () => {
    const { link } = await connectedHost({ connect: one });
    link.send({ type: 'openConnection', connectionId: 'a', claims: [], headers: new Map(), queryString: '' });
    link.say('a', '{"protocol":"smoke","version":1}\u001e');
    const [answer, dataType] = await link.told('a');
    expect(answer).toHaveProperty('error');
    expect(dataType).toBe(1);
    await link.next('closeConnection');
  });

  it('that the service closes is gone without an answer, with its error', async () => {
    const { link, journal } = await connectedHost({ connect: one });
    await link.open('a');
    await link.open('b');
    link.send({ type: 'closeConnection', connectionId: 'a', error: '' }, { type: 'closeConnection', connectionId: 'b', error: 'lost' });
    await eventually(() => expect(journal).toEqual(['a came', 'b came', 'a left', 'b left: lost']));
    await link.settle();
    expect(link.all('connectionData')).toEqual([]);
    expect(link.all('closeConnection')).toEqual([]);
  });
});

describe('pieces of a message', () => {
  it('are handed on when it is whole, and dropped when the client comes back to send it again', async () => {
    const { link } = await connectedHost({ connect: one });
    await link.open('a');
    const call = '{"type":1,"invocationId":"1","target":"echo","arguments":["whole"]}\u001e';
    link.say('a', call.slice(0, 10), true);
    link.say('a', call.slice(10, 30), true);
    link.say('a', call.slice(30));
    expect(await link.told('a')).toEqual([{ type: 3, invocationId: '1', result: 'whole' }, 2]);
    link.say('a', call.slice(0, 40), true);
    link.send({ type: 'connectionReconnect', connectionId: 'a' });
    link.say('a', call);
    expect(await link.told('a')).toEqual([{ type: 3, invocationId: '1', result: 'whole' }, 2]);
    expect(link.all('closeConnection')).toEqual([]);
  });

  it('without an end are bounded: only their client is closed', async () => {
    const { link, logged } = await connectedHost({
      connect: { ...one, applicationMaxBufferSize: 1_000 },
      endpoint: { maximumReceiveMessageSize: 2_000 },
    });
    await link.open('a');
    await link.open('b');
    for (let i = 0; i < 4; i++) link.say('a', 'x'.repeat(1_000), true);
    expect((await link.told('a'))[0]).toMatchObject({ type: 7 });
    expect(await link.next('closeConnection')).toMatchObject({ connectionId: 'a' });
    expect(logged.some((line) => line.startsWith('app-server.inbox-full'))).toBe(true);
    link.call('b', 'echo', '1', 'fine');
    expect((await link.told('b'))[0]).toMatchObject({ result: 'fine' });
  });
});

describe('a client that sends faster than it is served', () => {
  it('is closed alone, when more waits than the limit', async () => {
    const { link, journal } = await connectedHost({
      connect: { ...one, applicationMaxBufferSize: 10_000 },
      endpoint: { maximumReadAhead: 1_000, maximumReceiveMessageSize: 2_000 },
    });
    await link.open('a');
    await link.open('b');
    link.call('a', 'wait', '0');
    for (let i = 0; i < 20; i++) link.call('a', 'echo', String(i + 1), 'x'.repeat(1_000));
    expect(await link.next('closeConnection')).toMatchObject({ connectionId: 'a' });
    link.call('b', 'echo', '1', 'fine');
    expect((await link.told('b'))[0]).toMatchObject({ result: 'fine' });
    expect(journal.filter((line) => line.startsWith('b left'))).toEqual([]);
  });
});

describe('flow control', () => {
  it('holds what a paused client is sent, until it goes on by another server connection', async () => {
    const { service } = await connectedHost({ connect: two });
    const [first, second] = service.links;
    if (first === undefined || second === undefined) throw new Error('There are no two server connections.');
    await first.open('a');
    first.send({ type: 'connectionFlowControl', connectionId: 'a', target: 1, operation: 1 });
    expect(await first.next('connectionFlowControl')).toMatchObject({ connectionId: 'a', target: 1, operation: 2 });
    for (let i = 0; i < 5; i++) first.call('a', 'echo', String(i), i);
    await first.settle();
    expect(first.all('connectionData')).toEqual([]);
    second.send({ type: 'connectionFlowControl', connectionId: 'a', target: 1, operation: 3 });
    for (let i = 0; i < 5; i++) expect(await second.told('a')).toEqual([{ type: 3, invocationId: String(i), result: i }, 2]);
    second.call('a', 'echo', '5', 'x');
    expect((await second.told('a'))[0]).toMatchObject({ result: 'x' });
    // It is the second one's client now.
    first.socket.terminate();
    second.call('a', 'echo', '6', 'y');
    expect((await second.told('a'))[0]).toMatchObject({ result: 'y' });
  });

  it('is bounded: a client that stays paused is closed', async () => {
    const { link, logged } = await connectedHost({ connect: { ...one, maximumQueuedBytes: 3_000 } });
    await link.open('a');
    link.send({ type: 'connectionFlowControl', connectionId: 'a', target: 1, operation: 1 });
    for (let i = 0; i < 5; i++) link.call('a', 'echo', String(i), 'x'.repeat(1_000));
    expect(await link.next('closeConnection')).toMatchObject({ connectionId: 'a' });
    expect(logged.some((line) => line.startsWith('app-server.held-too-much'))).toBe(true);
  });

  it('of a client that is not there does nothing', async () => {
    const { link } = await connectedHost({ connect: one });
    for (const operation of [1, 3] as const) link.send({ type: 'connectionFlowControl', connectionId: 'x', target: 1, operation });
    await link.settle();
    expect(link.all('connectionFlowControl')).toEqual([]);
  });
});

describe('migration', () => {
  it('away ends the client here without a word', async () => {
    const { link, journal } = await connectedHost({ connect: one });
    await link.open('a');
    link.send({ type: 'closeConnection', connectionId: 'a', error: '', headers: new Map([['Asrs-Migrate-To', ['other']]]) });
    await eventually(() => expect(journal).toEqual(['a came', 'a left']));
    await link.settle();
    expect(link.received.filter(({ type }) => type !== 'handshakeRequest' && type !== 'ping')).toEqual([]);
  });

  it('to here begins anew, and the handshake is not answered again', async () => {
    const { link, journal } = await connectedHost({ connect: one });
    const headers = new Map([['asrs-migrate-from', ['other']]]);
    link.send({ type: 'openConnection', connectionId: 'a', claims: [], headers, queryString: '', extension: { protocol: 'json' } });
    link.say('a', '{"protocol":"json","version":1}\u001e');
    link.call('a', 'echo', '1', 'here');
    expect(await link.told('a')).toEqual([{ type: 3, invocationId: '1', result: 'here' }, 2]);
    expect(journal).toEqual(['a came']);
  });
});

describe('an instance of the service that is gone', () => {
  it('takes its clients with it: they are told to come back, where they can be', async () => {
    const { link, journal } = await connectedHost({ connect: one });
    await link.open('a', { headers: new Map([['Asrs-Instance-Id', ['one']]]) });
    await link.open('b', { headers: new Map([['Asrs-Instance-Id', ['two']]]) });
    link.ping('offline', 'one');
    expect(await link.told('a')).toEqual([{ type: 7, allowReconnect: true }, 4]);
    await eventually(() => expect(journal).toContain('a left'));
    expect(journal).not.toContain('b left');
  });
});
