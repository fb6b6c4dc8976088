import { HubConnectionBuilder, JsonHubProtocol, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NatsServer, natsIsHere } from '../bus/nats-server.ts';
import { eventually } from '../eventually.ts';
import { FarmBuild, type FarmProcess } from './farm-process.ts';

/** Somebody at the desk, by an official client. */
class Person {
  readonly name: string;
  readonly connection: HubConnection;
  readonly heard: string[] = [];
  #arrived: () => void = () => undefined;

  constructor(name: string, origin: string, protocol: JsonHubProtocol | MessagePackHubProtocol) {
    this.name = name;
    this.connection = new HubConnectionBuilder()
      .withUrl(`${origin}/desk?user=${name}`)
      .withHubProtocol(protocol)
      .configureLogging(LogLevel.None)
      .build();
    this.connection.on('message', (from: string, text: string) => {
      this.heard.push(`${from}: ${text}`);
      this.#arrived();
    });
  }

  get id(): string {
    return this.connection.connectionId ?? '';
  }

  async waitFor(line: string): Promise<void> {
    while (!this.heard.includes(line)) await new Promise<void>((resolve) => (this.#arrived = resolve));
  }
}

describe.skipIf(!natsIsHere)('two servers of the example, at one NATS', () => {
  let nats: NatsServer;
  let build: FarmBuild;
  let farm: readonly FarmProcess[] = [];
  /** Ann and Bob are at the first server, Cy and Dee at the second; Ann and Cy speak JSON, Bob and Dee MessagePack. */
  let people: readonly Person[] = [];

  const start = (): Promise<FarmProcess> => build.run('examples/nats/server.js', { NATS_URL: nats.url });

  beforeAll(async () => {
    nats = await NatsServer.start();
    build = await FarmBuild.make();
    farm = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await Promise.all(farm.map((server) => server.end()));
    await nats.stop();
    await build.remove();
  });
  beforeEach(async () => {
    people = ['ann', 'bob', 'cy', 'dee'].map(
      (name, at) => new Person(name, farm[at >> 1]?.url ?? '', at % 2 === 0 ? new JsonHubProtocol() : new MessagePackHubProtocol()),
    );
    await Promise.all(people.map(({ connection }) => connection.start()));
    // A call that came back was preceded by everything that makes its client reachable.
    await Promise.all(people.map(({ connection }) => connection.invoke('leave', 'nowhere')));
  });
  afterEach(() => Promise.all(people.map(({ connection }) => connection.stop())));

  const person = (name: string): Person => people.find((one) => one.name === name) as Person;

  /** Who has heard a line: everybody hears the one that is announced behind it. */
  async function heard(line: string, expected: string): Promise<string> {
    for (const name of expected.split(' ')) await person(name).waitFor(line);
    await person('ann').connection.invoke('announce', 'fence');
    await Promise.all(people.map((one) => one.waitFor('desk: fence')));
    return people.flatMap((one) => one.heard.filter((text) => text === line).map(() => one.name)).join(' ');
  }

  test('a room is one room', async () => {
    for (const name of ['ann', 'cy', 'dee']) await person(name).connection.invoke('enter', 'shop floor ✓');
    await person('bob').connection.invoke('say', 'shop floor ✓', 'hello');
    expect(await heard('bob: hello', 'ann cy dee')).toBe('ann cy dee');
    await person('cy').connection.invoke('leave', 'shop floor ✓');
    await person('dee').connection.invoke('say', 'shop floor ✓', 'bye');
    expect(await heard('dee: bye', 'ann dee')).toBe('ann dee');
  });

  test('a user is reached wherever that is', async () => {
    await person('ann').connection.invoke('whisper', 'dee', 'psst');
    expect(await heard('ann: psst', 'dee')).toBe('dee');
  });

  test('messages of one server arrive in order', async () => {
    for (let i = 0; i < 500; i++) void person('bob').connection.send('announce', `${i}`);
    await Promise.all(people.map((one) => one.waitFor('desk: 499')));
    for (const one of people) expect(one.heard).toEqual(Array.from({ length: 500 }, (_, i) => `desk: ${i}`));
  });

  test.each([
    ['ann', 'cy'],
    ['ann', 'dee'],
    ['dee', 'bob'],
    ['cy', 'dee'],
  ])('%s asks %s, and gets the answer', async (asker, asked) => {
    for (const answer of [true, false]) {
      person(asked).connection.off('confirm');
      person(asked).connection.on('confirm', (question: string) => question === 'sure?' && answer);
      expect(await person(asker).connection.invoke('ask', person(asked).id, 'sure?')).toBe(answer);
    }
  });

  test('whoever asks somebody who is nowhere, or dies, is told', async () => {
    await expect(person('ann').connection.invoke('ask', 'nobody', 'sure?')).rejects.toThrow(/unexpected/);
    const doomed = await start();
    const lost = new Person('lost', doomed.url, new JsonHubProtocol());
    await lost.connection.start();
    await lost.connection.invoke('leave', 'nowhere');
    const asked = new Promise<void>((resolve) => {
      lost.connection.on('confirm', () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    const failed = expect(person('ann').connection.invoke('ask', lost.id, 'sure?')).rejects.toThrow(/unexpected/);
    await asked;
    await doomed.end('SIGKILL');
    await failed;
    await lost.connection.stop();
  });

  test('say that they are not ready while NATS is away, and go on when it is back', async () => {
    const ready = async (): Promise<readonly number[]> => Promise.all(farm.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));
    expect(await ready()).toEqual([200, 200]);
    await person('dee').connection.invoke('enter', 'cellar');
    await nats.stop();
    await eventually(async () => expect(await ready()).toEqual([503, 503]));
    await expect(person('ann').connection.invoke('say', 'cellar', 'lost')).rejects.toThrow(/unexpected/);
    await nats.start();
    await eventually(async () => expect(await ready()).toEqual([200, 200]));
    await person('ann').connection.invoke('say', 'cellar', 'again');
    expect(await heard('ann: again', 'dee')).toBe('dee');
    expect(person('dee').heard).not.toContain('ann: lost');
  });

  test('end when they are told to', async () => {
    const leaving = await start();
    const guest = new Person('guest', leaving.url, new JsonHubProtocol());
    await guest.connection.start();
    const closed = new Promise((resolve) => guest.connection.onclose(resolve));
    expect(await leaving.end('SIGTERM')).toEqual([0, null]);
    await closed;
  });
});
