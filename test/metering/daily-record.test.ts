import { describe, expect, test } from 'vitest';
import { DAY, dayOf, startOf } from '../../src/metering/day.ts';
import { VERSION } from '../../src/base/version.ts';
import { NameCounts } from '../../src/metering/name-counts.ts';
import { MemoryDisk, MemoryStore } from './memory-store.ts';
import { NOON, Recording, recordsOf, SECOND, settled } from './recording.ts';

class Scene {
  readonly store = new MemoryStore(new MemoryDisk());
  at = NOON;
  readonly run = new Recording(this.store, () => this.at);
  readonly chat = this.run.meter.hub('chat');

  /** Lets time pass, and looks. */
  async pass(milliseconds = SECOND): Promise<void> {
    this.at += milliseconds;
    this.run.tick();
    await settled();
  }
}

describe('the daily record', () => {
  test('has what was counted by hub, the peaks, and whose it is', async () => {
    const scene = new Scene();
    const { chat, run } = scene;
    chat.opened('Client');
    chat.opened('Server');
    run.meter.serverCame('app');
    chat.billedToClients = 3;
    chat.bytesToClients = 300;
    chat.ended('Client', 'SlowClient');
    run.meter.hub('silent');
    await scene.pass();
    const { records } = await recordsOf(scene.store);
    expect(records).toEqual([
      {
        id: expect.stringMatching(/^[\w-]{22}$/),
        sequence: 1,
        day: '2026-11-21',
        from: NOON,
        to: NOON + SECOND,
        node: 'node',
        version: VERSION,
        peaks: { clients: 1, servers: 1, connections: 2, appServers: 1 },
        hubs: {
          chat: expect.objectContaining({ billedToClients: 3, bytesToClients: 300, clientsOpened: 1, operations: 2, userErrors: 0 }),
        },
      },
    ]);
    expect(records[0]?.hubs['chat']?.closed).toEqual({ Client: { SlowClient: 1 }, Server: {} });
    expect([...scene.store.disk.files.keys()]).toEqual([`2026-11-21.${records[0]?.id}.json`]);
  });

  test('makes nothing where nothing was counted, and writes nothing where nothing has changed', async () => {
    const scene = new Scene();
    for (let second = 0; second < 200; second++) await scene.pass();
    expect(scene.store.changes).toBe(0);
    scene.chat.billedToClients++;
    for (let second = 0; second < 200; second++) await scene.pass();
    expect(scene.store.changes).toBe(1);
  });

  test('says once a minute that somebody is still there', async () => {
    const scene = new Scene();
    scene.chat.opened('Client');
    for (let second = 0; second < 180; second++) await scene.pass();
    expect(scene.store.changes).toBe(4);
    expect((await recordsOf(scene.store)).records[0]?.to).toBe(NOON + 180 * SECOND);
  });

  test('has every count on the day on which it was seen, with the connections that stay on both', async () => {
    const scene = new Scene();
    const { chat } = scene;
    for (let at = 0; at < 5; at++) chat.opened('Client');
    chat.billedToClients = 10;
    await scene.pass();
    chat.ended('Client', 'Normal');
    chat.billedToClients = 17;
    scene.at = NOON + DAY / 2 - SECOND;
    await scene.pass();
    chat.billedToClients = 20;
    await scene.pass();
    const { records } = await recordsOf(scene.store);
    const [first, second] = records;
    expect(records).toHaveLength(2);
    expect(first).toMatchObject({ day: '2026-11-21', to: NOON + DAY / 2, peaks: { clients: 5 } });
    expect(second).toMatchObject({ day: '2026-11-22', from: NOON + DAY / 2, peaks: { clients: 4 } });
    expect([first, second].map((record) => record?.hubs['chat']?.billedToClients)).toEqual([17, 3]);
    expect([first, second].map((record) => record?.hubs['chat']?.clientsOpened)).toEqual([5, 0]);
  });

  test('begins a record of its own where the clock is set back over midnight, or far ahead', async () => {
    const scene = new Scene();
    for (const [billed, at] of [NOON, NOON + DAY, NOON - 3 * DAY, NOON, NOON + 40 * DAY].entries()) {
      scene.chat.billedToClients = (billed + 1) * 10;
      scene.at = at;
      await scene.pass(0);
    }
    await scene.run.close();
    const { records } = await recordsOf(scene.store);
    expect(records.reduce((sum, { hubs }) => sum + (hubs['chat']?.billedToClients ?? 0), 0)).toBe(50);
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    for (const { day, from, to } of records) {
      expect(from).toBeGreaterThanOrEqual(startOf(day) as number);
      expect(to - DAY).toBeLessThanOrEqual(startOf(day) as number);
      expect(to).toBeGreaterThanOrEqual(from);
      expect(dayOf(from)).toBe(day);
    }
  });

  test('makes up for a failed write by the next one, and says it once', async () => {
    const scene = new Scene();
    scene.store.fates.push('fails', 'fails', 'works, and fails', 'works');
    for (let count = 1; count <= 4; count++) {
      scene.chat.billedToClients = count;
      await scene.pass();
    }
    expect(scene.run.ids).toEqual(['metering.write-failed', 'metering.write-works']);
    expect(scene.run.said[0]?.fields).toEqual({ path: '/data/meter', reason: 'ENOSPC: no space left on device' });
    const { records } = await recordsOf(scene.store);
    expect(records.map(({ hubs }) => hubs['chat']?.billedToClients)).toEqual([4]);
  });

  test('tries again also where nothing new was counted', async () => {
    const scene = new Scene();
    scene.store.fates.push('fails');
    scene.chat.billedToClients = 1;
    await scene.pass();
    expect(scene.store.disk.files.size).toBe(0);
    await scene.pass();
    expect((await recordsOf(scene.store)).records).toHaveLength(1);
  });

  test('keeps the end of a day for as long as it can not be written', async () => {
    const scene = new Scene();
    scene.store.fates.push(...Array.from({ length: 10 }, () => 'fails' as const));
    for (let day = 0; day < 3; day++) {
      scene.chat.billedToClients++;
      await scene.pass(DAY);
    }
    expect(scene.store.disk.files.size).toBe(0);
    scene.store.fates.length = 0;
    await scene.pass();
    const { records } = await recordsOf(scene.store);
    expect(records.map(({ day, hubs }) => [day, hubs['chat']?.billedToClients])).toEqual([
      ['2026-11-21', 1],
      ['2026-11-22', 1],
      ['2026-11-23', 1],
    ]);
    const { changes } = scene.store;
    await scene.pass();
    expect(scene.store.changes).toBe(changes);
  });

  test('gives up the oldest days where too many of them wait', async () => {
    const scene = new Scene();
    scene.store.fates.push(...Array.from({ length: 1_000 }, () => 'fails' as const));
    for (let day = 0; day < 103; day++) {
      scene.chat.billedToClients++;
      await scene.pass(DAY);
    }
    expect(scene.run.said.filter(({ event }) => event.id === 'metering.record-dropped').map(({ fields }) => fields['day'])).toEqual([
      '2026-11-21',
      '2026-11-22',
      '2026-11-23',
    ]);
    scene.store.fates.length = 0;
    await scene.pass();
    expect((await recordsOf(scene.store)).records).toHaveLength(100);
  });

  test('never writes two times at once', async () => {
    const scene = new Scene();
    let writing = 0;
    let most = 0;
    const write = scene.store.write.bind(scene.store);
    scene.store.write = async (name, text) => {
      most = Math.max(most, ++writing);
      await settled();
      await write(name, text);
      writing--;
    };
    for (let count = 0; count < 50; count++) {
      scene.chat.billedToClients++;
      scene.at += count % 7 === 0 ? DAY : SECOND;
      scene.run.tick();
      await Promise.resolve();
    }
    await scene.run.close();
    expect(most).toBe(1);
    const { records } = await recordsOf(scene.store);
    expect(records.reduce((sum, { hubs }) => sum + (hubs['chat']?.billedToClients ?? 0), 0)).toBe(50);
  });

  test('has names where they are counted, of each day its own', async () => {
    const store = new MemoryStore(new MemoryDisk());
    let at = NOON;
    const names = { methods: new NameCounts(3), users: undefined, groups: new NameCounts(3) };
    const run = new Recording(store, () => at, names);
    run.meter.hub('chat').billedToClients = 3;
    names.methods.add('send', 2);
    names.methods.add('constructor', 1);
    names.groups.add('all', 4);
    run.tick();
    await settled();
    at += DAY;
    run.tick();
    names.methods.add('send', 3);
    names.methods.add('__proto__', 1);
    run.meter.hub('chat').billedToClients = 7;
    await run.close();
    const { records } = await recordsOf(store);
    expect(records.map(({ hubs }) => hubs['chat']?.names)).toEqual([
      {
        methods: Object.fromEntries([
          ['send', 2],
          ['constructor', 1],
        ]),
        users: {},
        groups: { all: 4 },
      },
      {
        methods: Object.fromEntries([
          ['send', 3],
          ['__proto__', 1],
        ]),
        users: {},
        groups: {},
      },
    ]);
  });

  test('takes any name of a hub', async () => {
    const scene = new Scene();
    const names = ['__proto__', 'constructor', '7', 'ü "x"', 'toString'];
    for (const name of names) scene.run.meter.hub(name).billedToClients = 1;
    await scene.pass();
    const { records } = await recordsOf(scene.store);
    expect(Object.keys(records[0]?.hubs ?? {}).toSorted()).toEqual(names.toSorted());
  });

  test('is written less often where it takes long to make, but at the turn of the day and at the end', async () => {
    const scene = new Scene();
    scene.run.slowness = 500;
    const written: number[] = [];
    for (let second = 0; second < 23; second++) {
      scene.chat.billedToClients++;
      await scene.pass();
      written.push(scene.store.changes);
    }
    expect(written.map((changes, at) => (changes > (written[at - 1] ?? 0) ? at : -1)).filter((at) => at >= 0)).toEqual([0, 11, 22]);
    await scene.pass(DAY);
    expect(scene.store.changes).toBe(4);
    scene.chat.billedToClients++;
    await scene.run.close();
    const { records } = await recordsOf(scene.store);
    expect(records.map(({ hubs }) => hubs['chat']?.billedToClients)).toEqual([23, 1]);
  });

  test('has the time of the end when it is closed', async () => {
    const scene = new Scene();
    scene.chat.billedToClients = 1;
    await scene.pass();
    scene.at += 30 * SECOND;
    await scene.run.close();
    expect((await recordsOf(scene.store)).records[0]?.to).toBe(NOON + 31 * SECOND);
  });
});
