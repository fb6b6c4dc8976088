import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '../../src/metering/day.ts';
import type { DayRecord } from '../../src/metering/day-record.ts';
import { priceTable } from '../../src/metering/price-table.ts';
import { encodeRecords, recordFileName } from '../../src/metering/record-file.ts';
import { recordWith } from '../metering/sample-record.ts';
import { CliBuild, type Ending } from './cli-process.ts';

const NOTES = `Prices of 2026-11-21: ${priceTable.source}. Change them by signalbox bill --print-prices, and --prices.
Not verified where they are published: Standard_S1 (unitPerDay, furtherMillion), Premium_P1 (unitPerDay, furtherMillion), Premium_P2 (unitPerDay, furtherMillion).
${priceTable.note}
All of the month: each day that is missing taken to be as those that are over.
`;

describe('signalbox bill', () => {
  let build: CliBuild;
  let folder: string;
  beforeAll(async () => {
    build = await CliBuild.make();
  }, 120_000);
  afterAll(() => build.remove());
  beforeEach(async () => {
    folder = await mkdtemp(join(build.folder, 'bill-'));
  });

  const run = (args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Ending> =>
    build.run(folder, ['bill', ...args], environment).ended;

  async function keep(data: string, ...records: readonly DayRecord[]): Promise<void> {
    await mkdir(join(folder, data, 'meter'), { recursive: true });
    for (const record of records)
      await writeFile(join(folder, data, 'meter', recordFileName(record.day, record.id)), encodeRecords([record]));
  }

  const november = [
    recordWith({ day: '2025-11-01', connections: 812, hubs: { chat: 1_234_567, game: 500_000 } }),
    recordWith({ day: '2025-11-03', connections: 1_001, hubs: { chat: 3 } }),
  ];

  it('shows what the recorded traffic would have cost, by day, hub and tier', async () => {
    await keep('.signalbox', ...november);
    expect(await run()).toEqual({
      code: 0,
      error: '',
      output: `2025-11, 3 of 30 days (UTC), in USD
===================================

  Standard_S1   messages  connections  units  for units  for messages  cost
  2025-11-01   1,734,567          812      1       1.61          0.73  2.34
  2025-11-02           0            0      1       1.61          0.00  1.61
  2025-11-03           3        1,001      2       3.22          0.00  3.22
  together     1,734,570        1,001              6.44          0.73  7.17

  hub    messages   share
  chat  1,234,570  71.2 %
  game    500,000  28.8 %

  tier         3 days  all 30 days
  Standard_S1    7.17        71.75  cheapest
  Premium_P1     8.73        87.35
  Premium_P2   600.00     6,000.00
  Free_F1 is too small: 812 connections on 2025-11-01, and 20 are its most.

${NOTES}`,
    });
  });

  it('says who made the traffic, where the service counts by name, and steers no terminal with that', async () => {
    const users = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`user${at}`, 12 - at]));
    const names = { methods: { Send: 60, '\u001b[2Jevil': 18 }, users, groups: {} };
    await keep('.signalbox', recordWith({ day: '2025-11-01', hubs: { chat: 78 }, names }));
    await keep(
      '.signalbox',
      recordWith({ day: '2025-11-02', hubs: { chat: 22 }, names: { methods: { Send: 22 }, users: {}, groups: {} } }),
    );
    const { output } = await run();
    expect(output).toContain(`
  method     hub  messages   share
  Send      chat        82  82.0 %
  ?[2Jevil  chat        18  18.0 %

  user       hub  messages   share
  user0     chat        12  12.0 %
`);
    expect(output).toContain('  user9     chat         3   3.0 %\n  2 others\n');
    expect(output).not.toContain('group ');
    const [month] = JSON.parse((await run(['--json'])).output).months as readonly {
      readonly names: { readonly users: readonly object[] };
    }[];
    expect(month?.names.users).toHaveLength(12);
  });

  it('sums several nodes, and counts a copy once', async () => {
    await keep('one', ...november);
    await keep('copy', ...november);
    await keep('two', recordWith({ day: '2025-11-01', connections: 200, hubs: { chat: 1 } }));
    const { output, error, code } = await run(['--data', 'one', '--data', 'two', '--data', 'copy', '--json']);
    expect([code, error]).toEqual([0, '']);
    const { months } = JSON.parse(output) as { months: { messages: number; connections: number; cheapest: string }[] };
    expect(months).toEqual([expect.objectContaining({ messages: 1_734_571, connections: 1_012, cheapest: 'Standard_S1' })]);
  });

  it('shows one month only where it is told so, and says which there are where that one is none', async () => {
    await keep('.signalbox', ...november, recordWith({ day: '2025-12-01' }));
    expect((await run(['--month', '2025-12'])).output).toMatch(/^2025-12, 1 of 31 days/);
    expect((await run()).output.match(/^\d{4}-\d\d, .*$/gm)).toEqual([
      '2025-11, 30 of 30 days (UTC), in USD',
      '2025-12, 1 of 31 days (UTC), in USD',
    ]);
    expect(await run(['--month', '2025-01'])).toEqual({
      code: 0,
      error: '',
      output: "Nothing was recorded in 2025-01 in '.signalbox'. There are records of 2025-11, 2025-12.\n",
    });
  });

  it('says which day is not over', async () => {
    const today = dayOf(Date.now());
    await keep('.signalbox', recordWith({ day: today, from: 0, to: 1 }));
    const { output } = await run();
    expect(output).toContain(`${today} so far `);
    expect(output).toContain('\n  No hub had a billed message.\n');
    expect(output).toMatch(/\n {2}tier +1 day +all \d\d days\n/);
  });

  it('says in words that there is nothing yet', async () => {
    await mkdir(join(folder, 'data'));
    expect(await run([], { SIGNALBOX_DATA: 'data' })).toEqual({
      code: 0,
      error: '',
      output:
        "Nothing has been recorded in 'data' yet. A service records what it counts there while it runs: signalbox serve --data <directory>\n",
    });
    expect(JSON.parse((await run(['--data', 'data', '--json'])).output)).toMatchObject({ months: [] });
    expect(await readdir(join(folder, 'data'))).toEqual([]);
  });

  it('counts the hub of its own that classic ASP.NET SignalR has', async () => {
    await keep('.signalbox', recordWith({ day: '2025-11-01', connections: 998, appServers: 2 }));
    expect((await run()).output).toContain('2025-11-01          0          998      1');
    const { output } = await run(['--aspnet-signalr']);
    expect(output).toContain('2025-11-01          0        1,008      2');
    expect(output).toContain('Connections have 5 more for each app server');
  });

  it('names what can not be read, leaves it as it is, and counts the others', async () => {
    await keep('.signalbox', ...november);
    await writeFile(join(folder, '.signalbox/meter/2025-11-02.broken.json'), '{"sha256":');
    const { code, output, error } = await run();
    expect(code).toBe(0);
    expect(error).toBe(
      "signalbox bill: .signalbox/meter/2025-11-02.broken.json can't be read: it does not begin with its checksum. It is left out.\n",
    );
    expect(output).toContain('1,734,570');
    expect(await readdir(join(folder, '.signalbox/meter'))).toHaveLength(3);
  });

  it('prints its prices, and takes them back changed', async () => {
    const printed = await run(['--print-prices']);
    expect(JSON.parse(printed.output)).toEqual(priceTable);
    await writeFile(
      join(folder, 'prices.json'),
      printed.output.replace('"unitPerDay": 1.61', '"unitPerDay": 100').replace('"USD"', '"EUR"'),
    );
    await keep('.signalbox', ...november);
    const { output } = await run(['--prices', 'prices.json']);
    expect(output).toContain('in EUR');
    expect(output).toMatch(/Premium_P1 +8\.73 +87\.35 +cheapest/);
  });

  it('names all that is wrong at once', async () => {
    await writeFile(join(folder, 'prices.json'), JSON.stringify({ ...priceTable, date: 'today', more: 1 }));
    const { code, output, error } = await run(['--month', '2025-13', '--prices', 'prices.json', '--data', '']);
    expect([code, output]).toEqual([1, '']);
    expect(error.split('\n')).toEqual([
      "signalbox bill can't begin:",
      "  --month is '2025-13'. Allowed: a month, such as 2026-11.",
      "  --data is '' (on the command line). Allowed: the path of a directory.",
      `  --prices is 'prices.json': date is "today". Allowed: a day, such as '2026-11-21'.`,
      "  --prices is 'prices.json': more is not known. Allowed: date, currency, source, note, tiers.",
      'See signalbox bill --help.',
      '',
    ]);
  });

  it.each([
    [
      ['--data', 'gone', '--data', 'file'],
      /--data is 'gone' \(on the command line\)\. It can't be read: ENOENT[^]*--data is 'file' .*ENOTDIR/,
    ],
    [[], /--data is '\.signalbox' \(the default\)\. It can't be read: ENOENT/],
    [['--prices', 'gone'], /--prices is 'gone'\. It can't be used: ENOENT/],
  ])('says why it can not begin: %j', async (args, message) => {
    await writeFile(join(folder, 'file'), '');
    const { code, output, error } = await run(args);
    expect([code, output]).toEqual([1, '']);
    expect(error).toMatch(message);
  });

  it.each([['--dta'], ['now'], ['--month']])('refuses the command line %j with exit code 2', async (argument) => {
    const { code, error } = await run([argument]);
    expect(code).toBe(2);
    expect(error).toMatch(/^signalbox bill: .*\nSee signalbox bill --help\.\n$/s);
  });

  it('explains itself', async () => {
    const { code, output } = await run(['--help']);
    expect(code).toBe(0);
    expect(output).toMatch(/^Usage: signalbox bill /);
    for (const flag of ['data', 'month', 'prices', 'print-prices', 'aspnet-signalr', 'json']) expect(output).toContain(`  --${flag}`);
  });
});
