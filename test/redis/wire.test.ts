import { encode } from '@msgpack/msgpack';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Audience } from '../../src/backplane/audience.ts';
import type { Backplane } from '../../src/backplane/backplane.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { SharedPayload } from '../../src/base/payload.ts';
import type { HubProtocol } from '../../src/protocol/hub/hub-protocol.ts';
import { JsonHubProtocol } from '../../src/protocol/hub/json.ts';
import { MessageType, type InvocationMessage } from '../../src/protocol/hub/message.ts';
import { MessagePackHubProtocol } from '../../src/protocol/hub/messagepack.ts';
import { SharedMessage, type OutboundMessage } from '../../src/protocol/hub/shared-message.ts';
import { readAnswer, readInvocation, writeForms } from '../../src/redis/envelope.ts';
import { Farm, until } from './farm.ts';
import { Observer } from './observer.ts';
import { RedisServer, redisIsHere } from './redis-server.ts';
import { redisVectors, type RedisVector } from './vectors.ts';

const HUB = 'RedisApp.ChatHub';
const json = new JsonHubProtocol();
const messagepack = new MessagePackHubProtocol();

function invocation(target: string, ...args: readonly unknown[]): SharedMessage {
  return new SharedMessage({ type: MessageType.invocation, target, arguments: args });
}

/** The hub message of a vector, where ours is written as .NET writes its own: some of its types have another text. */
function sameMessage({ kind, config, fields }: RedisVector): InvocationMessage | undefined {
  const { hubMessagesBase64 = {}, returnChannel } = fields;
  const text = Buffer.from(hubMessagesBase64['json'] ?? '', 'base64');
  const packed = Buffer.from(hubMessagesBase64['messagepack'] ?? '', 'base64');
  if (kind !== 'invocation' || config !== 'json+messagepack' || returnChannel !== undefined) return undefined;
  let message: InvocationMessage | undefined;
  messagepack.parse(packed, 0, 0, (read) => {
    if (read.type === MessageType.invocation) message = read;
    return false;
  });
  const same = message && json.write(message) === text.toString() && Buffer.from(messagepack.write(message)).equals(packed);
  return same === true ? message : undefined;
}

function audienceOf({ channel, fields }: RedisVector): Audience {
  const [, kind, name = ''] = /^RedisApp\.ChatHub:(all|connection|user|group):?(.*)$/.exec(channel) ?? [];
  const except = fields.excludedConnectionIds ?? [];
  if (kind === 'connection') return { to: 'connections', ids: [name] };
  if (kind === 'user') return { to: 'users', ids: [name] };
  return kind === 'group' ? { to: 'groups', names: [name], except } : { to: 'all', except };
}

describe.skipIf(!redisIsHere)('on the wire', () => {
  let server: RedisServer;
  let observer: Observer;
  let farm: Farm;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(async () => {
    observer = await Observer.at(server.url);
  });
  afterEach(async () => {
    observer.close();
    await farm.close();
  });
  afterAll(() => server.stop());

  async function one(options = {}): Promise<Backplane> {
    farm = new Farm(server.url, options);
    return (await farm.servers(1, HUB))[0] as Backplane;
  }

  async function memberOf(backplane: Backplane, id = 'c1', protocol: HubProtocol = json): Promise<ProtocolMember> {
    const member = new ProtocolMember(id, protocol);
    await backplane.attach(member);
    return member;
  }

  test('without catch-up, what is sent is what a .NET server sends', async () => {
    const backplane = await one({ catchUp: false });
    const vectors = redisVectors().filter((vector) => vector.channel.startsWith(`${HUB}:`) && sameMessage(vector) !== undefined);
    expect(vectors.length).toBeGreaterThan(25);
    for (const vector of vectors) await backplane.send(audienceOf(vector), new SharedMessage(sameMessage(vector) as InvocationMessage));
    await until(
      () => observer.published.length >= vectors.length,
      () => 'Messages are missing.',
    );
    expect(observer.published).toEqual(vectors.map(({ channel, payload }) => ({ channel, payload })));
  });

  test('a send to several groups is one message for each, in order, and marked unless .NET bytes are wanted', async () => {
    const names = ['g2', 'g1', '', 'g2'];
    const plain = await one({ catchUp: false });
    await plain.send({ to: 'groups', names }, invocation('m'));
    await farm.close();
    const marking = await one();
    await marking.send({ to: 'groups', names }, invocation('m'));
    await until(
      () => observer.published.length >= 4,
      () => 'Messages are missing.',
    );
    expect(observer.published.map(({ channel }) => channel)).toEqual(['g2', 'g1', 'g2', 'g1'].map((name) => `${HUB}:group:${name}`));
    const marks = observer.published.map(({ payload }) => readInvocation(payload)?.mark);
    expect(marks.slice(0, 2)).toEqual([undefined, undefined]);
    expect(marks[2]).toEqual(marks[3]);
    expect(marks[2]).toMatchObject({ sequence: 1, several: true });
  });

  test('a mark keeps who is in both groups from hearing twice, and no longer', async () => {
    const backplane = await one();
    const member = await memberOf(backplane);
    await backplane.join('c1', 'g');
    await backplane.join('c1', 'h');
    await backplane.send({ to: 'groups', names: ['g', 'h'] }, invocation('marked', 1));
    await backplane.send({ to: 'groups', names: ['g', 'h'] }, invocation('marked', 2));
    const unmarked = writeForms(new Map([['json', Buffer.from(json.write({ type: 1, target: 'plain', arguments: [] }))]]), []);
    for (const group of ['g', 'h']) await observer.publish(`${HUB}:group:${group}`, unmarked);
    await backplane.send({ to: 'all' }, invocation('fence'));
    await member.waitFor('fence');
    expect(member.targets).toEqual(['marked', 'marked', 'plain', 'plain', 'fence']);
  });

  test('a message is one command, however many hear it, and the messages of a turn one write', async () => {
    const backplane = await one();
    const members = await Promise.all(Array.from({ length: 50 }, (_, at) => memberOf(backplane, `c${at}`)));
    const before = await counters(observer);
    const sent = Array.from({ length: 200 }, async (_, at) => backplane.send({ to: 'all' }, invocation(`m${at}`)));
    await Promise.all(sent);
    await members[49]?.waitFor('m199');
    const after = await counters(observer);
    expect(after.publishes - before.publishes).toBe(200);
    // One for ours, those that count, and a ping that may fall into it.
    expect(after.reads - before.reads).toBeLessThan(20);
  });

  test('group commands of other servers are carried out and acknowledged where the connection is', async () => {
    const backplane = await one();
    const member = await memberOf(backplane);
    const command = (id: number, action: number, connectionId = 'c1'): Promise<number> =>
      observer.publish(`${HUB}:internal:groups`, encode([id, 'vm_other', action, 'g', connectionId]));
    await command(1, 1, 'elsewhere');
    await command(300, 1);
    expect((await observer.heard(':internal:ack:vm_other')).payload).toEqual(Buffer.from(encode([300])));
    await backplane.send({ to: 'groups', names: ['g'] }, invocation('joined'));
    await member.waitFor('joined');
    await command(-5, 3);
    await command(302, 2);
    await until(
      () => acks().length === 3,
      () => 'An ack is missing.',
    );
    expect(acks()).toEqual([Buffer.from(encode([300])), Buffer.from(encode([-5])), Buffer.from(encode([302]))]);
    await backplane.send({ to: 'groups', names: ['g'] }, invocation('left'));
    await backplane.send({ to: 'all' }, invocation('fence'));
    await member.waitFor('fence');
    expect(member.targets).toEqual(['joined', 'fence']);
  });

  const acks = (): Buffer[] => observer.published.filter(({ channel }) => channel.endsWith('ack:vm_other')).map(({ payload }) => payload);

  function question(id: string, forms: Readonly<Record<string, Uint8Array>>): Uint8Array {
    return encode([[], forms, id, `${HUB}:internal:return:vm_other`]);
  }

  const asked = (id: string): Uint8Array => Buffer.from(json.write({ type: 1, invocationId: id, target: 'ask', arguments: [] }));

  test('an answer goes back in the bytes of the client that gave it', async () => {
    const backplane = await one();
    const member = await memberOf(backplane);
    await observer.publish(`${HUB}:connection:c1`, question('id1', { json: asked('id1') }));
    await member.waitFor('ask');
    const other = await memberOf(backplane, 'c2');
    expect(backplane.complete(other, { type: 3, invocationId: 'id1', hasResult: true, result: 'forged' })).toBe('foreign');
    const record = Buffer.from('{"type":3,"invocationId":"id1","result": [1e2, 9007199254740993, "\\u00e9"]}\u001e');
    expect(backplane.complete(member, { type: 3, invocationId: 'id1', hasResult: true, result: 1 }, record)).toBe('settled');
    expect(backplane.complete(member, { type: 3, invocationId: 'id1', hasResult: true, result: 2 }, record)).toBe('unknown');
    expect(readAnswer((await observer.heard(':internal:return:vm_other')).payload)).toEqual({ protocol: 'json', record });
  });

  test.each([
    [{ list: [1, null, 'é'] }, '{"type":3,"invocationId":"id1","result":{"list":[1,null,"é"]}}\u001e'],
    [2n ** 64n, `{"type":3,"invocationId":"id1","error":"The client's result can't be translated to 'json'."}\u001e`],
  ])('who asks in other protocols than the client speaks is answered in one of those', async (result, expected) => {
    const backplane = await one();
    const member = await memberOf(backplane, 'c1', messagepack);
    await observer.publish(`${HUB}:connection:c1`, question('id1', { json: asked('id1') }));
    await member.waitFor('ask');
    const record = Buffer.from('what the client sent');
    expect(backplane.complete(member, { type: 3, invocationId: 'id1', hasResult: true, result }, record)).toBe('settled');
    const answer = readAnswer((await observer.heard(':internal:return:vm_other')).payload);
    expect({ ...answer, record: answer?.record.toString() }).toEqual({ protocol: 'json', record: expected });
  });

  test('a client that leaves, was never there, or owes under that id already: the asking server is told', async () => {
    const backplane = await one();
    const member = await memberOf(backplane, 'c1', messagepack);
    const blob = Buffer.from(messagepack.write({ type: 1, invocationId: 'id1', target: 'ask', arguments: [] }));
    for (let i = 0; i < 2; i++) await observer.publish(`${HUB}:connection:c1`, question('id1', { messagepack: blob }));
    await until(
      () => answers().length === 1,
      () => 'There is no answer.',
    );
    expect(answers()[0]).toMatch(/^messagepack .*ID collision occurred when using client results\. This is likely a bug in SignalR\./s);
    await backplane.detach(member);
    await until(
      () => answers().length === 2,
      () => 'There is no answer.',
    );
    expect(answers()[1]).toMatch(/^messagepack .*Connection disconnected\.$/s);
    expect(member.owed).toBe(0);
  });

  test('a question that comes while its client goes is answered as gone', async () => {
    const backplane = await one();
    class Leaving extends RecordingMember {
      override deliver(message: OutboundMessage): void {
        super.deliver(message);
        void backplane.detach(this);
      }
    }
    await backplane.attach(new Leaving('c1'));
    const last = Buffer.from(encode([[], { json: Buffer.from(json.write({ type: 1, target: 'last', arguments: [] })) }]));
    const channel = `${HUB}:connection:c1`;
    // Both are on their way before the server can say that it listens no longer.
    await observer.client
      .pipeline()
      .publish(channel, last)
      .publish(channel, Buffer.from(question('id1', { json: asked('id1') })))
      .exec();
    expect(readAnswer((await observer.heard(':internal:return:vm_other')).payload)?.record.toString()).toBe(
      '{"type":3,"invocationId":"id1","error":"Connection disconnected."}\u001e',
    );
  });

  const answers = (): string[] =>
    observer.published
      .filter(({ channel }) => channel.endsWith(':internal:return:vm_other'))
      .map(({ payload }) => readAnswer(payload))
      .map((answer) => `${answer?.protocol} ${answer?.record.toString('latin1')}`);

  test('a question to nobody fails by the number of subscribers alone, without time going by', async () => {
    farm = new Farm(server.url, {}, { clock: new FakeClock() });
    const [backplane] = (await farm.servers(1, HUB)) as [Backplane];
    await observer.stopListening();
    await expect(backplane.invoke('nobody', 'ask', [])).rejects.toMatchObject({ message: "Connection 'nobody' does not exist." });
  });

  test('a protocol that another server does not write is translated', async () => {
    const backplane = await one();
    const text = await memberOf(backplane, 'c1', json);
    const binary = await memberOf(backplane, 'c2', messagepack);
    const packed = messagepack.write({ type: 1, target: 'm', arguments: ['x', 1.5] });
    await observer.publish(`${HUB}:all`, encode([[], { messagepack: packed }]));
    await observer.publish(`${HUB}:all`, encode([[], { json: Buffer.from(json.write({ type: 1, target: 'n', arguments: [[true]] })) }]));
    expect((await text.waitFor('m')).arguments).toEqual(['x', 1.5]);
    await text.waitFor('n');
    expect((await binary.waitFor('n')).arguments).toEqual([[true]]);
    expect(binary.targets).toEqual(['m', 'n']);
  });

  test('a protocol that can not be translated costs its clients that message, and nobody anything else', async () => {
    const backplane = await one();
    const text = await memberOf(backplane, 'c1', json);
    const binary = await memberOf(backplane, 'c2', messagepack);
    for (const forms of [{ json: Buffer.from('{"type":1,"target":"m","arguments":[]}') }, { other: Buffer.from('x') }])
      await observer.publish(`${HUB}:all`, encode([[], forms]));
    await backplane.send({ to: 'all' }, invocation('next'));
    await Promise.all([text.waitFor('next'), binary.waitFor('next')]);
    expect(binary.targets).toEqual(['next']);
    expect(farm.logged.filter(({ event }) => event.id === 'redis.untranslatable')).toHaveLength(1);
  });

  test('a blob that holds two messages reaches clients as two', async () => {
    const backplane = await one();
    const member = await memberOf(backplane);
    const both = ['a', 'b'].map((target) => json.write({ type: 1, target, arguments: [] })).join('');
    await observer.publish(`${HUB}:connection:c1`, encode([[], { json: Buffer.from(both) }]));
    await member.waitFor('b');
    expect(member.targets).toEqual(['a', 'b']);
  });

  test('nothing stays subscribed of those who have gone', async () => {
    const backplane = await one();
    const members = [new RecordingMember('c1', 'u'), new RecordingMember('c2', 'u')] as const;
    for (const member of members) await backplane.attach(member);
    for (const group of ['g', 'h']) for (const { connectionId } of members) await backplane.join(connectionId, group);
    const subscribed = async (): Promise<string> => {
      const channels = (await observer.client.pubsub('CHANNELS', `${HUB}:*`)) as string[];
      const others = channels.map((channel) => channel.slice(HUB.length + 1)).filter((name) => !/^(all$|internal:)/.test(name));
      return others.toSorted((a, b) => a.localeCompare(b)).join(' ');
    };
    expect(await subscribed()).toBe('connection:c1 connection:c2 group:g group:h user:u');
    await backplane.detach(members[0]);
    await backplane.leave('c2', 'h');
    await expect.poll(subscribed, { timeout: 10_000 }).toBe('connection:c2 group:g user:u');
    await backplane.detach(members[1]);
    await expect.poll(subscribed, { timeout: 10_000 }).toBe('');
  });

  test('what no server would say is dropped, counted, and told once for each kind of channel', async () => {
    farm = new Farm(server.url);
    const { backplane, factory } = farm.start(HUB);
    const member = await memberOf(backplane);
    await backplane.send({ to: 'all' }, invocation('first'));
    const own = await observer.client.pubsub('CHANNELS', `${HUB}:*`);
    for (const channel of own as string[])
      for (const bytes of ['', 'hello', '\u0093']) await observer.publish(channel, Buffer.from(bytes, 'latin1'));
    await backplane.send({ to: 'all' }, invocation('last'));
    await member.waitFor('last');
    expect(own).toHaveLength(6);
    await until(
      () => factory.foreignPayloads === 18,
      () => `${factory.foreignPayloads} were counted`,
    );
    const told = farm.logged.filter(({ event }) => event.id === 'redis.foreign-payload').map(({ fields }) => fields['channel']);
    expect(new Set(told)).toEqual(new Set(['ack', 'all', 'catch-up', 'connection', 'groups', 'return']));
    expect(told).toHaveLength(6);
    expect(member.targets).toEqual(['first', 'last']);
  });

  test.each(['*', ':', '{}', ' a b ', 'x'.repeat(10_000), '🚂', 'internal:groups', '__proto__'])(
    '%j is a group and a user like any other',
    async (name) => {
      farm = new Farm(server.url);
      const [here, there] = (await farm.servers(2, HUB)) as [Backplane, Backplane];
      const member = new RecordingMember('c1', name);
      await there.attach(member);
      await here.join('c1', name);
      await here.send({ to: 'groups', names: [name] }, invocation('group'));
      await here.send({ to: 'groups', names: [`${name}x`] }, invocation('other'));
      await here.send({ to: 'users', ids: [name] }, invocation('user'));
      await member.waitFor('user');
      expect(member.targets).toEqual(['group', 'user']);
    },
  );
});

/** A member that speaks a protocol of its choice. */
class ProtocolMember extends RecordingMember {
  override readonly protocol: HubProtocol;

  constructor(id: string, protocol: HubProtocol) {
    super(id);
    this.protocol = protocol;
  }

  override deliver(message: OutboundMessage): void {
    const { protocol } = this;
    super.deliver({
      payload(asked) {
        const payload = message.payload(protocol);
        if (payload === undefined || protocol === asked) return payload;
        let text = '';
        protocol.parse(payload.bytes, 0, 0, (read) => {
          text += asked.write(read as InvocationMessage) as string;
          return true;
        });
        return new SharedPayload(Buffer.from(text));
      },
    });
  }
}

async function counters({ client }: Observer): Promise<{ readonly publishes: number; readonly reads: number }> {
  const commands = await client.info('commandstats');
  const stats = await client.info('stats');
  return {
    publishes: Number(/cmdstat_publish:calls=(\d+)/.exec(commands)?.[1] ?? 0),
    reads: Number(/total_reads_processed:(\d+)/.exec(stats)?.[1] ?? 0),
  };
}
