import { describe, expect, test } from 'vitest';
import { closeCategories } from '../../src/metering/close-category.ts';
import { Meter } from '../../src/metering/meter.ts';
import { OTHER } from '../../src/metering/name-counts.ts';
import { UNIT, unitsOf } from '../../src/metering/units.ts';

describe('billed messages', () => {
  test.each([
    [0, 1],
    [1, 1],
    [UNIT - 1, 1],
    [UNIT, 1],
    [UNIT + 1, 2],
    [4_096, 2],
    [4_097, 3],
    [1_000_000, 489],
  ])('%i bytes are %i', (bytes, units) => expect(unitsOf(bytes)).toBe(units));
});

describe('a meter', () => {
  test('counts connections by hub, and their highest numbers over all of them', () => {
    const meter = new Meter(10);
    const [chat, game] = [meter.hub('chat'), meter.hub('game')];
    for (let at = 0; at < 3; at++) chat.opened('Client');
    chat.ended('Client', 'Normal');
    game.opened('Client');
    game.opened('Server');
    expect(meter.connections).toEqual({ clients: 3, servers: 1, connections: 4, appServers: 0 });
    expect(meter.takePeaks()).toEqual({ clients: 3, servers: 1, connections: 4, appServers: 0 });
    expect([chat.clients, chat.clientsOpened, game.servers]).toEqual([2, 3, 1]);
  });

  test('has the highest numbers since they were taken', () => {
    const meter = new Meter(10);
    const chat = meter.hub('chat');
    chat.opened('Client');
    chat.opened('Client');
    chat.ended('Client', 'SlowClient');
    expect(meter.takePeaks().clients).toBe(2);
    expect(meter.takePeaks().clients).toBe(1);
    chat.opened('Client');
    chat.ended('Client', 'Normal');
    expect(meter.takePeaks().clients).toBe(2);
  });

  test('knows why connections ended', () => {
    const chat = new Meter(10).hub('chat');
    for (const category of closeCategories) {
      chat.opened('Client');
      chat.ended('Client', category);
    }
    chat.refused('Server', 'Unauthorized');
    expect([...chat.closed.Client]).toEqual(closeCategories.map(() => 1));
    expect(chat.closed.Server[closeCategories.indexOf('Unauthorized')]).toBe(1);
    expect([chat.operations, chat.userErrors, chat.servers]).toEqual([16, 1, 0]);
  });

  test('counts an app server once, however many server connections it has', () => {
    const meter = new Meter(10);
    for (const id of ['a', 'a', 'b']) meter.serverCame(id);
    expect(meter.connections.appServers).toBe(2);
    meter.serverLeft('a');
    expect(meter.connections.appServers).toBe(2);
    meter.serverLeft('a');
    expect(meter.connections.appServers).toBe(1);
    expect(meter.takePeaks().appServers).toBe(2);
  });

  test('counts hubs past its limit as one', () => {
    const meter = new Meter(2);
    for (let at = 0; at < 100; at++) meter.hub(`hub${at}`).opened('Client');
    expect([...meter.hubs.keys()]).toEqual(['hub0', 'hub1', OTHER]);
    expect(meter.hub(OTHER).clients).toBe(98);
  });
});
