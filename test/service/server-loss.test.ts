import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { calling, payloadsOf, ScriptedServer } from './app-server.ts';
import { RawClient } from './raw-client.ts';
import { ServiceRig } from './rig.ts';

const farewell = { type: 7, allowReconnect: true };
const to = (serverId: string): object => ({ claims: { 'asrs.s.sn': serverId, 'asrs.s.ssticky': 'Required' } });

let rig: ServiceRig;
let one: ScriptedServer;
let two: ScriptedServer;

beforeEach(async () => {
  rig = await ServiceRig.start();
  one = await ScriptedServer.connect(rig, { serverId: 'one', migrationLevel: 1 });
  two = await ScriptedServer.connect(rig, { serverId: 'two', migrationLevel: 1 });
});
afterEach(() => rig.close());

async function clientOf(server: ScriptedServer): Promise<{ client: RawClient; id: string }> {
  const client = await RawClient.connect(rig, to(server.serverId));
  const { connectionId: id } = await server.accept();
  await client.hears(1);
  return { client, id };
}

test('an app server that is lost takes its clients with it, who may come back, and nobody else', async () => {
  const [lost, kept] = [await clientOf(one), await clientOf(two)];
  lost.client.say({ type: 1, invocationId: '1', target: 'never', arguments: [] });
  one.cut();
  await lost.client.ended();
  expect(lost.client.messages).toEqual([{}, farewell]);
  two.send({ type: 'broadcastData', excluded: [], payloads: payloadsOf(calling('all')) });
  expect(await kept.client.hears(2)).toEqual([{}, calling('all')]);
  expect(kept.client.closed).toBeUndefined();
  two.send({ type: 'checkConnectionExistenceWithAck', connectionId: lost.id, ackId: 1 });
  expect(await two.next('ack')).toMatchObject({ ackId: 1, status: 2 });
});

test('one of several server connections that is lost takes its own clients only', async () => {
  const more = await ScriptedServer.connect(rig, { serverId: 'one' });
  const [a, b] = [await clientOf(one), await clientOf(more)];
  more.cut();
  await b.client.ended();
  one.tell(a.id, calling('here'));
  expect(await a.client.hears(2)).toEqual([{}, calling('here')]);
});

test('who asked a client of an app server that is lost hears that there is no answer', async () => {
  const { client, id } = await clientOf(one);
  const payloads = payloadsOf({ type: 1, invocationId: 'ask', target: 'ask', arguments: [] });
  two.send({ type: 'clientInvocation', invocationId: 'ask', connectionId: id, callerServerId: 'two', payloads });
  await client.hears(2);
  await one.next('clientInvocation');
  one.cut();
  expect(await two.next('errorCompletion')).toMatchObject({ invocationId: 'ask', connectionId: id });
});

test('an app server that is lost while its clients are moved takes them with it, and what it had not answered', async () => {
  const client = await RawClient.connect(rig, { claims: { 'asrs.s.sn': 'one', 'asrs.s.ssticky': 'Preferred' } });
  await one.accept();
  await client.hears(1);
  client.say({ type: 1, invocationId: '1', target: 'never', arguments: [] });
  await one.next('connectionData');
  one.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
  await one.settle();
  client.say({ type: 1, invocationId: '2', target: 'waits', arguments: [] });
  one.cut();
  await client.ended();
  expect(client.messages).toEqual([{}, farewell]);
  await two.settle();
  expect(two.received.filter(({ type }) => type === 'openConnection')).toEqual([]);
});

/** Answers every call of every client that it gets, until it is cut or leaves. */
class EchoServer {
  readonly server: ScriptedServer;
  readonly #reading: ReturnType<typeof setInterval>;

  constructor(server: ScriptedServer) {
    this.server = server;
    this.#reading = setInterval(() => this.#read(), 1);
  }

  stop(): void {
    clearInterval(this.#reading);
  }

  #read(): void {
    for (const message of this.server.received.splice(0)) {
      if (message.type !== 'connectionData') continue;
      const { connectionId, payload } = message;
      for (const record of payload.toString().split('\u001e')) if (record !== '') this.#answer(connectionId, JSON.parse(record) as object);
    }
  }

  #answer(connectionId: string, message: { readonly protocol?: string; readonly invocationId?: string }): void {
    if (message.protocol !== undefined) return this.server.answerHandshake(connectionId);
    this.server.tell(connectionId, { type: 3, invocationId: message.invocationId, result: this.server.serverId });
  }
}

/** Calls one after the other, and knows who answered. */
async function caller(): Promise<{ client: RawClient; answered: string[] }> {
  const client = await RawClient.connect(rig);
  const answered: string[] = [];
  let buffered = '';
  const call = (): void => client.say({ type: 1, invocationId: `${answered.length}`, target: 'echo', arguments: [] });
  client.socket.on('message', (data: Buffer) => {
    buffered += data.toString();
    const records = buffered.split('\u001e');
    buffered = records.pop() ?? '';
    for (const record of records) {
      const { type, invocationId, result } = JSON.parse(record) as { type?: number; invocationId?: string; result?: string };
      if (type === 3) expect(invocationId).toBe(`${answered.length}`);
      if (type === 3) answered.push(result ?? '');
      if (type !== 7) call();
    }
  });
  return { client, answered };
}

test('app servers come and leave under load, and every call is answered in order', { timeout: 30_000 }, async () => {
  const servers = [new EchoServer(one), new EchoServer(two)];
  const callers = await Promise.all(Array.from({ length: 8 }, () => caller()));
  const progress = async (count: number): Promise<void> => {
    const goals = callers.map(({ answered }) => answered.length + count);
    await eventually(() => expect(callers.every(({ answered }, index) => answered.length >= (goals[index] ?? 0))).toBe(true));
  };
  for (let round = 0; round < 5; round++) {
    await progress(20);
    servers.push(new EchoServer(await ScriptedServer.connect(rig, { serverId: `more-${round}`, migrationLevel: 1 })));
    const gone = servers.shift() as EchoServer;
    gone.server.send({ type: 'ping', entries: ['shutdown', 'fin:1'] });
    await eventually(() => expect([...(rig.service.hubs.get('chat')?.links ?? [])].find(({ leaving }) => leaving)?.clients.size).toBe(0));
    gone.stop();
    await gone.server.close();
    await progress(20);
  }
  for (const server of servers) server.stop();
  expect(callers.map(({ client }) => client.closed)).toEqual(callers.map(() => undefined));
  for (const { answered } of callers) expect(new Set(answered).size).toBeGreaterThan(1);
});
