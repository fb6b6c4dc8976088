import { describe, expect, onTestFinished, test } from 'vitest';
import type { Bus } from '../../src/backplane/bus.ts';
import { MemoryExchange } from '../../src/backplane/memory-bus.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { writeBusMessage } from '../../src/bus/envelope.ts';
import { busBackplane } from '../../src/bus/bus-backplanes.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { RecordingMember } from '../../src/conformance/recording-member.ts';
import { MessageType } from '../../src/protocol/hub/message.ts';
import { SharedMessage } from '../../src/protocol/hub/shared-message.ts';
import { BusFarm, json, messagePack, type FarmServer, type ServerOptions } from './farm.ts';

const message = (target: string, ...args: readonly unknown[]): SharedMessage =>
  new SharedMessage({ type: MessageType.invocation, target, arguments: args });

/** What has been said over a bus in memory has been heard, and answered, after some turns of the event loop. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** An end of a bus whose members a test replaces. */
class Weak implements Bus {
  readonly #bus: Bus;
  fault: Error | undefined;
  standing: Promise<void> | undefined;
  published: string[] = [];
  closings = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  publish(subject: string, bytes: Buffer): void | Promise<void> {
    this.published.push(subject);
    if (this.fault !== undefined) return Promise.reject(this.fault);
    return this.#bus.publish(subject, bytes);
  }

  subscribe(subject: string, receive: (bytes: Uint8Array) => void): ReturnType<Bus['subscribe']> {
    if (this.fault !== undefined) throw this.fault;
    return { ...this.#bus.subscribe(subject, receive), ready: this.standing };
  }

  close(): void | Promise<void> {
    this.closings++;
    return this.#bus.close();
  }
}

class Trouble {
  readonly exchange = new MemoryExchange();
  readonly clock = new FakeClock();
  readonly buses: Weak[] = [];
  readonly #farm = new BusFarm(() => {
    const bus = new Weak(this.exchange.connect());
    this.buses.push(bus);
    return bus;
  });

  constructor() {
    onTestFinished(() => this.#farm.close());
  }

  start(options: ServerOptions = {}): Promise<FarmServer> {
    return this.#farm.start({ clock: this.clock, ...options });
  }

  /** Two servers that know of each other. The connection `x` is `there`. */
  async pair(): Promise<{ readonly here: FarmServer; readonly there: FarmServer; readonly member: RecordingMember }> {
    const [here, there] = [await this.start(), await this.start()];
    const member = new RecordingMember('x');
    await there.backplane.attach(member);
    await turns();
    return { here, there, member };
  }

  /** One server, which has the connection `x`. */
  async single(): Promise<FarmServer & { readonly member: RecordingMember; readonly bus: Weak }> {
    const server = await this.start();
    const member = new RecordingMember('x');
    await server.backplane.attach(member);
    return { ...server, member, bus: this.buses[0] as Weak };
  }

  /** No server has the bus any more. */
  away(): void {
    for (const bus of this.buses) bus.fault = new Error('away');
  }

  /** Lets time pass, in which everything is heard that is said. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 250) {
      this.clock.advance(Math.min(left, 250));
      await turns();
    }
  }
}

describe('a server that is gone', () => {
  test('fails what was asked of its clients, when it has been silent for long enough', async () => {
    const trouble = new Trouble();
    const { here, there, member } = await trouble.pair();
    const outcomes: string[] = [];
    const asked = here.backplane.invoke('x', 'question', []).catch((error: { code: string }) => outcomes.push(error.code));
    await member.waitFor('question');
    await trouble.pass(1_000);
    there.die();
    await trouble.pass(9_000);
    expect(outcomes).toEqual([]);
    await trouble.pass(5_000);
    expect(outcomes).toEqual(['SIGNALBOX_CONNECTION_GONE']);
    await asked;
  });

  test('is known to be gone at once where it says so', async () => {
    const trouble = new Trouble();
    const { here, there, member } = await trouble.pair();
    const asked = here.backplane.invoke('x', 'question', []);
    const failed = expect(asked).rejects.toMatchObject({ code: 'SIGNALBOX_UNKNOWN_CONNECTION' });
    await member.waitFor('question');
    await there.backplane.close();
    await turns();
    await failed;
  });

  test('is owed nothing any more', async () => {
    const trouble = new Trouble();
    const { here: asking, there: owing, member } = await trouble.pair();
    asking.backplane.invoke('x', 'question', []).catch(() => undefined);
    const { invocationId = '' } = await member.waitFor('question');
    expect(member.owed).toBe(1);
    await asking.backplane.close();
    await turns();
    expect(member.owed).toBe(0);
    expect(owing.backplane.complete(member, { type: MessageType.completion, invocationId, hasResult: true, result: 1 })).toBe('unknown');
  });

  test('costs a change of groups nothing', async () => {
    const trouble = new Trouble();
    const [here, there] = [await trouble.start(), await trouble.start()];
    await turns();
    await there.backplane.close();
    const changed = Promise.resolve(here.backplane.join('x', 'g'));
    await trouble.pass(500);
    await changed;
  });

  test('is not thought gone while the bus is away', async () => {
    const trouble = new Trouble();
    const { here, there, member } = await trouble.pair();
    const asked = here.backplane.invoke('x', 'question', []);
    const { invocationId = '' } = await member.waitFor('question');
    expect(here.factory.state).toBe('connected');
    trouble.away();
    await trouble.pass(60_000);
    expect(here.factory.state).toBe('down');
    // One of them is back before the other, and looks about.
    for (const bus of trouble.buses) {
      bus.fault = undefined;
      await trouble.pass(5_000);
    }
    expect(here.factory.state).toBe('connected');
    there.backplane.complete(member, { type: MessageType.completion, invocationId, hasResult: true, result: 1 });
    expect(await asked).toMatchObject({ result: 1 });
  });
});

describe('a bus that fails', () => {
  test('fails the send, which reached nobody, and says so once until it works again', async () => {
    const trouble = new Trouble();
    const { backplane, logged, member, bus } = await trouble.single();
    const cause = new Error('away');
    for (const round of [1, 2]) {
      bus.fault = cause;
      await expect(backplane.send({ to: 'all' }, message('lost'))).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED', cause });
      void backplane.send({ to: 'users', ids: ['u'] }, message('lost'));
      bus.fault = undefined;
      await turns();
      await backplane.send({ to: 'all' }, message(`after ${round}`));
      await member.waitFor(`after ${round}`);
    }
    expect(member.targets).toEqual(['after 1', 'after 2']);
    expect(logged.map(({ event }) => event.id)).toEqual(['bus.publish-failed', 'bus.publish-failed']);
  });

  test('leaves what is local: a message and a question to a connection of this server', async () => {
    const trouble = new Trouble();
    const { backplane, member } = await trouble.single();
    trouble.away();
    await backplane.send({ to: 'connections', ids: ['x'] }, message('m'));
    const asked = backplane.invoke('x', 'question', []);
    const { invocationId = '' } = await member.waitFor('question');
    backplane.complete(member, { type: MessageType.completion, invocationId, hasResult: true, result: 2 });
    expect(await asked).toMatchObject({ result: 2 });
    expect(member.targets).toEqual(['m', 'question']);
  });

  test('fails questions and changes elsewhere at once, with its own error', async () => {
    const trouble = new Trouble();
    const { backplane, logged } = await trouble.start();
    trouble.away();
    await expect(backplane.invoke('elsewhere', 'question', [])).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED' });
    await expect(backplane.join('elsewhere', 'g')).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED' });
    void backplane.leave('elsewhere', 'g');
    await turns();
    expect(logged.map(({ event }) => event.id)).toEqual(['bus.publish-failed', 'bus.group-change-failed', 'bus.group-change-failed']);
  });

  test('at the start refuses clients, and is tried again', async () => {
    const trouble = new Trouble();
    const first = await trouble.start();
    trouble.away();
    const weak = trouble.buses[0] as Weak;
    const factory = busBackplane(weak);
    const wheel = new TimerWheel(trouble.clock);
    const ids: string[] = [];
    const backplane = factory('Late.Hub', { protocols: [json], wheel, log: ({ id }) => ids.push(id) });
    await expect(backplane.attach(new RecordingMember('x'))).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED' });
    await turns();
    expect([factory.state, ids]).toEqual(['down', ['bus.subscribe-failed']]);
    weak.fault = undefined;
    await trouble.pass(3_500);
    expect(factory.state).toBe('connected');
    const member = new RecordingMember('y');
    await backplane.attach(member);
    await backplane.send({ to: 'all' }, message('m'));
    await member.waitFor('m');
    await backplane.close();
    wheel.close();
    expect(first.factory.state).toBe('connected');
  });

  test('a group is not joined where its subscription does not come to stand in time', async () => {
    const trouble = new Trouble();
    const { backplane, member, bus } = await trouble.single();
    bus.standing = new Promise(() => undefined);
    const joined = expect(backplane.join('x', 'g')).rejects.toMatchObject({ code: 'SIGNALBOX_BUS_FAILED' });
    await trouble.pass(5_500);
    await joined;
    bus.standing = undefined;
    await backplane.send({ to: 'groups', names: ['g', 'h'] }, message('lost'));
    await turns();
    await backplane.join('x', 'g');
    await backplane.send({ to: 'groups', names: ['g'] }, message('m'));
    await member.waitFor('m');
    expect(member.targets).toEqual(['m']);
  });

  test('a change of groups that nobody confirms ends with the time-out', async () => {
    const trouble = new Trouble();
    const [here, there] = [await trouble.start(), await trouble.start()];
    await there.backplane.attach(new RecordingMember('x'));
    (trouble.buses[1] as Weak).standing = new Promise(() => undefined);
    await turns();
    const late = expect(here.backplane.join('x', 'g')).rejects.toMatchObject({ code: 'SIGNALBOX_GROUP_CHANGE_TIMEOUT' });
    await trouble.pass(31_000);
    await late;
    expect(there.logged.map(({ event }) => event.id)).toContain('bus.message-failed');
  });
});

describe('what comes over a bus', () => {
  test('and is none of ours is dropped, counted, and logged once', async () => {
    const trouble = new Trouble();
    const { backplane, factory, logged, member } = await trouble.single();
    const stranger = trouble.exchange.connect();
    const nonsense = [Buffer.alloc(0), Buffer.from('hello'), Buffer.of(0x93, 2, 5, 0xa1, 0x71), Buffer.alloc(100_000, 0xdd)];
    for (const bytes of nonsense) void stranger.publish('signalbox.all.Test.Hub', bytes);
    for (const spoken of [
      writeBusMessage({ kind: 'done', id: 'unknown' }),
      writeBusMessage({ kind: 'answer', id: 'unknown', protocol: 'x', record: Buffer.of(1) }),
      writeBusMessage({ kind: 'found', number: 9, server: 's', connectionIds: ['x'] }),
      writeBusMessage({ kind: 'question', id: 'q', server: 's', connectionId: 'nobody', forms: new Map() }),
      writeBusMessage({ kind: 'message', audience: { to: 'all' }, forms: new Map([['json', Buffer.from('no frame')]]) }),
    ]) {
      void stranger.publish('signalbox.all.Test.Hub', spoken);
    }
    await backplane.send({ to: 'all' }, message('m'));
    await member.waitFor('m');
    expect(member.targets).toEqual(['m']);
    expect(factory.foreignMessages).toBe(nonsense.length);
    expect(logged.filter(({ event }) => event.id === 'bus.foreign-message')).toHaveLength(1);
  });

  test('is translated where a server writes other protocols, and said once where it can not be', async () => {
    const trouble = new Trouble();
    const one = await trouble.start({ protocols: [messagePack] });
    const both = await trouble.start({ protocols: [json, messagePack] });
    const member = new RecordingMember('x');
    await both.backplane.attach(member);
    await one.backplane.send({ to: 'all' }, message('m', 1));
    expect((await member.waitFor('m')).arguments).toEqual([1]);
    expect(both.logged).toEqual([]);
    const none = await trouble.start({ protocols: [] });
    for (let i = 0; i < 2; i++) await none.backplane.send({ to: 'all' }, message('n'));
    await turns();
    expect(both.logged.map(({ event }) => event.id)).toEqual(['bus.untranslatable']);
  });

  test('of another hub, or another prefix, is not heard', async () => {
    const trouble = new Trouble();
    const [one, other, shop] = [
      await trouble.start(),
      await trouble.start({ hub: 'Other' }),
      await trouble.start({ subjectPrefix: 'shop' }),
    ];
    const members = ['a', 'b', 'c'].map((id) => new RecordingMember(id, 'u'));
    for (const [at, server] of [one, other, shop].entries()) await server.backplane.attach(members[at] as RecordingMember);
    for (const audience of [{ to: 'all' }, { to: 'users', ids: ['u'] }, { to: 'connections', ids: ['b', 'c'] }] as const)
      await one.backplane.send(audience, message('m'));
    await turns();
    expect(members.map(({ targets }) => targets)).toEqual([['m', 'm'], [], []]);
  });
});

describe('a bus', () => {
  test('carries one message for a send, whoever it is to', async () => {
    const trouble = new Trouble();
    const { backplane } = await trouble.start();
    const [bus] = trouble.buses as [Weak];
    bus.published.length = 0;
    await backplane.send({ to: 'groups', names: ['g', 'h', 'i'] }, message('m'));
    await backplane.send({ to: 'users', ids: Array.from({ length: 1_000 }, (_, i) => `${i}`) }, message('m'));
    await backplane.send({ to: 'connections', ids: ['x', 'y'] }, message('m'));
    await backplane.send({ to: 'groups', names: ['g'] }, message('m'));
    await backplane.send({ to: 'groups', names: [] }, message('m'));
    expect(bus.published).toEqual([...Array.from({ length: 3 }, () => 'signalbox.all.Test.Hub'), 'signalbox.group.g.Test.Hub']);
  });

  test('is closed with the last of its hubs', async () => {
    const trouble = new Trouble();
    const { factory, backplane } = await trouble.start();
    const [bus] = trouble.buses as [Weak];
    const wheel = new TimerWheel(trouble.clock);
    const second = factory('Second', { protocols: [json], wheel, log: () => undefined });
    await backplane.close();
    await backplane.close();
    expect(bus.closings).toBe(0);
    await second.close();
    expect(bus.closings).toBe(1);
    wheel.close();
    expect(() => backplane.send({ to: 'all' }, message('m'))).toThrow(expect.objectContaining({ code: 'SIGNALBOX_BACKPLANE_CLOSED' }));
  });

  test.each([{ subjectPrefix: 'a.b' }, { subjectPrefix: '' }, { heartbeatInterval: 0 }, { subjectPrefix: '*' }])(
    'takes no %j',
    (options) => {
      expect(() => busBackplane(new MemoryExchange().connect(), options)).toThrow(
        expect.objectContaining({ code: 'SIGNALBOX_INVALID_OPTION' }),
      );
    },
  );
});
