import { describe, expect, test } from 'vitest';
import { billOf, type BillMonth } from '../../src/metering/bill.ts';
import { startOf } from '../../src/metering/day.ts';
import { usageOf } from '../../src/metering/day-usage.ts';
import { readPriceTable } from '../../src/metering/price-file.ts';
import { priceTable, type PriceTable } from '../../src/metering/price-table.ts';
import { recordWith, type Used } from './sample-record.ts';

const bill = (used: readonly Used[], options = {}): readonly BillMonth[] => billOf(used.map(recordWith), priceTable, options);
const month = (used: readonly Used[], options = {}): BillMonth => bill(used, options)[0] as BillMonth;
const tier = ({ tiers }: BillMonth, name: string) => tiers.find((total) => total.name === name);

describe('what was used', () => {
  test('is summed over hubs and runs of a day', () => {
    const used = [
      { day: '2026-11-02', hubs: { chat: 3 } },
      { day: '2026-11-01', hubs: { chat: 1, game: 5 } },
      { day: '2026-11-01', hubs: { chat: 10 } },
    ].map(recordWith);
    expect(usageOf(used)).toMatchObject([
      { day: '2026-11-01', messages: 16, hubs: { chat: 11, game: 5 } },
      { day: '2026-11-02', messages: 3, hubs: { chat: 3 } },
    ]);
    expect(Object.keys(usageOf(used)[0]?.hubs ?? {})).toEqual(['chat', 'game']);
  });

  test.each<[string, readonly (readonly [from: number, to: number, connections: number])[], number]>([
    ['one run', [[0, 24, 7]], 7],
    ['one after the other', [[0, 10, 7], [10, 24, 5]], 7], // prettier-ignore
    ['two nodes beside each other', [[0, 24, 7], [1, 23, 5]], 12], // prettier-ignore
    ['three, of which two at a time', [[0, 10, 7], [5, 15, 6], [12, 24, 5]], 13], // prettier-ignore
    ['one within another, and one after it', [[0, 24, 10], [2, 3, 5], [4, 5, 6]], 16], // prettier-ignore
    ['runs that ended as they began', [[1, 1, 4], [1, 1, 3], [2, 2, 5]], 7], // prettier-ignore
  ])('has the most connections at a time: %s', (_, runs, expected) => {
    const records = runs.map(([from, to, connections]) => recordWith({ day: '2026-11-01', from, to, connections }));
    expect(usageOf(records)[0]?.connections).toBe(expected);
    expect(usageOf(records.toReversed())[0]?.connections).toBe(expected);
  });

  test('has five connections more for each app server of classic ASP.NET SignalR', () => {
    // Two app servers with five hubs are fifty server connections; classic ones have a sixth hub.
    const record = recordWith({ day: '2026-11-01', connections: 50, appServers: 2 });
    expect(usageOf([record])[0]?.connections).toBe(50);
    expect(usageOf([record], { aspNetSignalR: true })[0]?.connections).toBe(60);
  });
});

describe('a day', () => {
  const costs = (used: Omit<Used, 'day'>) => month([{ day: '2026-11-01', ...used }]).days[0]?.tiers;

  test('costs a unit, and what is beyond its messages by the part of a million', () => {
    expect(costs({ connections: 500, hubs: { chat: 2_500_000 } })).toEqual({
      Free_F1: null,
      Standard_S1: { units: 1, unitsCost: 1.61, furtherMessages: 1_500_000, messagesCost: 1.5 },
      Premium_P1: { units: 1, unitsCost: 2, furtherMessages: 1_500_000, messagesCost: 1.5 },
      Premium_P2: { units: 100, unitsCost: 200, furtherMessages: 0, messagesCost: 0 },
    });
  });

  test.each([
    [0, 1],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [10_000, 10],
    [10_001, 20],
    [20_001, 30],
    [100_000, 100],
    [100_001, undefined],
  ])('of %i connections needs %j units, in sizes that can be had', (connections, units) => {
    expect(costs({ connections })?.['Standard_S1']?.units).toBe(units);
  });

  test.each([
    [100_001, 200],
    [1_000_000, 1_000],
    [1_000_001, undefined],
  ])('of %i connections needs %j units of the largest tier', (connections, units) => {
    expect(costs({ connections })?.['Premium_P2']?.units).toBe(units);
  });

  test('has as many messages more without cost as it has units', () => {
    expect(costs({ connections: 2_500, hubs: { chat: 3_000_001 } })?.['Standard_S1']).toEqual({
      units: 3,
      unitsCost: 4.83,
      furtherMessages: 1,
      messagesCost: 0.000001,
    });
  });

  test.each([
    [20, 20_000, true],
    [21, 20_000, false],
    [20, 20_001, false],
  ])('of %i connections and %i messages is free: %j', (connections, billed, isFree) => {
    const total = tier(month([{ day: '2026-11-01', connections, hubs: { chat: billed } }]), 'Free_F1');
    expect(total?.tooSmall === undefined).toBe(isFree);
  });
});

describe('a month', () => {
  test('is the sum of its days, and as much more as days are missing', () => {
    const used = [1, 2, 3].map((day) => ({ day: `2026-11-0${day}`, connections: day * 800, hubs: { chat: 1_000_000, game: day } }));
    const november = month(used);
    expect(november).toMatchObject({ month: '2026-11', daysInMonth: 30, messages: 3_000_006, connections: 2_400, cheapest: 'Standard_S1' });
    expect(november.hubs).toEqual({ chat: 3_000_000, game: 6 });
    // 1 + 2 + 3 units; of the first day, one message is beyond its million.
    expect(tier(november, 'Standard_S1')).toEqual({
      name: 'Standard_S1',
      unitsCost: 9.66,
      messagesCost: 0.000001,
      cost: 9.660001,
      wholeMonth: 96.60001,
    });
    expect(november.wholeMonthMessages).toBe(30_000_060);
    expect(tier(november, 'Free_F1')?.tooSmall).toBe('800 connections on 2026-11-01, and 20 are its most');
  });

  test('takes the rest to be like the days that are over', () => {
    const used = [
      { day: '2026-11-01', hubs: { chat: 2_000_000 } },
      { day: '2026-11-02', hubs: { chat: 100 } },
    ];
    const november = month(used, { today: '2026-11-02' });
    expect(november.messages).toBe(2_000_100);
    expect(november.wholeMonthMessages).toBe(60_000_000);
    expect(tier(november, 'Standard_S1')).toMatchObject({ cost: 4.22, wholeMonth: 78.3 });
    // Where there is none that is over, the first one has to do.
    expect(month(used.slice(1), { today: '2026-11-02' }).wholeMonthMessages).toBe(3_000);
  });

  test('has days with nothing used between those with records: they cost a unit', () => {
    const months = bill([
      { day: '2026-01-30', hubs: { chat: 1_500_000 } },
      { day: '2026-03-02', connections: 50 },
    ]);
    expect(months.map(({ month: name, days }) => [name, days.length])).toEqual([
      ['2026-01', 2],
      ['2026-03', 2],
    ]);
    expect(months[0]?.days[1]).toMatchObject({ day: '2026-01-31', messages: 0, tiers: { Standard_S1: { units: 1, unitsCost: 1.61 } } });
    expect(tier(months[1] as BillMonth, 'Standard_S1')).toMatchObject({ cost: 3.22, wholeMonth: 49.91 });
  });

  test('that is whole is what it was', () => {
    const february = Array.from({ length: 28 }, (_, at) => ({ day: `2026-02-${String(at + 1).padStart(2, '0')}`, hubs: { chat: at } }));
    const { messages, wholeMonthMessages, tiers } = month(february);
    expect(messages).toBe(wholeMonthMessages);
    expect(tiers.map(({ cost, wholeMonth }) => cost - wholeMonth)).toEqual([0, 0, 0, 0]);
    expect(tier(month(february), 'Standard_S1')?.cost).toBe(45.08);
    expect(month(february).cheapest).toBe('Free_F1');
  });

  test('has no cheapest tier where none has room', () => {
    const november = month([{ day: '2026-11-01', connections: 1_000_001 }]);
    expect(november.cheapest).toBeUndefined();
    expect(tier(november, 'Premium_P2')?.tooSmall).toBe('1,000,001 connections on 2026-11-01, and 1,000,000 are its most');
  });

  test('is none where there are no records', () => expect(bill([])).toEqual([]));
});

describe('a table of prices', () => {
  const tableOf = (change: (table: Record<string, unknown>, tiers: Record<string, unknown>[]) => void): PriceTable | readonly string[] => {
    const table = structuredClone(priceTable) as unknown as Record<string, unknown>;
    change(table, table['tiers'] as Record<string, unknown>[]);
    return readPriceTable(JSON.stringify(table));
  };

  test('is read as it is printed', () => expect(tableOf(() => {})).toEqual(priceTable));

  test('is of a day, and has sizes that rise', () => {
    expect(startOf(priceTable.date)).toBeGreaterThan(0);
    for (const { unitSizes } of priceTable.tiers) expect(unitSizes).toEqual([...new Set(unitSizes)].toSorted((a, b) => a - b));
    expect(priceTable.tiers.map(({ unitSizes }) => [unitSizes.length, unitSizes.at(-1)])).toEqual([
      [1, 1],
      [19, 100],
      [19, 100],
      [10, 1_000],
    ]);
  });

  test('names every wrong key at once, with what is allowed', () => {
    const problems = tableOf((table, [free = {}, standard = {}]) => {
      delete table['date'];
      table['curency'] = 'EUR';
      free['unitPerDay'] = '0';
      standard['unitSizes'] = [1, 3, 2];
      standard['name'] = 'Free_F1';
      standard['unverified'] = ['price'];
    });
    expect(problems).toEqual([
      "date is missing. Allowed: a day, such as '2026-11-21'.",
      expect.stringMatching(/^tiers is \[\{"name":"Free_F1".*…\. Allowed: a list of tiers, each with a name of its own\.$/),
      'curency is not known. Allowed: date, currency, source, note, tiers.',
      'tiers[0].unitPerDay is "0". Allowed: a number from 0.',
      'tiers[1].unitSizes is [1,3,2]. Allowed: whole numbers above 0, each higher than the one before.',
      'tiers[1].unverified is ["price"]. Allowed: names of other keys of the tier.',
    ]);
  });

  test.each([
    ['{', /^It is not JSON: /],
    ['[]', /^The table is \[\]\. Allowed: an object\.$/],
    ['null', /^The table is null\. Allowed: an object\.$/],
  ])('refuses %j', (json, problem) => expect(readPriceTable(json)).toEqual([expect.stringMatching(problem)]));

  test.each([
    ['date', '2026-02-30'],
    ['date', 5],
    ['currency', ''],
    ['note', null],
    ['tiers', []],
    ['tiers', [1]],
  ])('refuses %s %j', (name, value) => {
    expect(tableOf((table) => (table[name] = value))).toEqual([
      expect.stringContaining(Array.isArray(value) && value.length > 0 ? 'tiers[0]' : `${name} is `),
    ]);
  });

  test.each([
    ['unitPerDay', -1],
    ['unitPerDay', null],
    ['connectionsPerUnit', 0],
    ['messagesPerUnitAndDay', 1.5],
    ['furtherMillion', 'free'],
    ['unitSizes', []],
    ['unitSizes', [0]],
  ])('refuses a tier of %s %j', (name, value) => {
    expect(tableOf((_, [tierOfIt = {}]) => (tierOfIt[name] = value))).toEqual([expect.stringContaining(`tiers[0].${name} is `)]);
  });
});
