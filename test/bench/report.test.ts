import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judge } from '../../bench/budgets.ts';
import { measurementOf } from '../../bench/measurement.ts';
import { Progress } from '../../bench/progress.ts';
import { allocations, selfTimes } from '../../bench/profile.ts';
import { budgetTotal, scenarioReport } from '../../bench/report.ts';
import { overviewTable } from '../../bench/overview.ts';
import { asJson, readResults } from '../../bench/results-json.ts';
import { withSections } from '../../bench/results-page.ts';
import { rotated } from '../../bench/rounds.ts';
import { sizesReport } from '../../bench/sizes.ts';
import { shareOf } from '../../bench/generator-process.ts';
import { medianRatio, spreadOf } from '../../bench/statistics.ts';
import { shown, tableOf } from '../../bench/table.ts';
import type { LoadReport } from '../../bench/load/plan.ts';
import { systems } from '../../bench/peers/systems.ts';
import { measured, resultOf } from './results.ts';
import { plan } from './rig.ts';

const NONE = { lost: 0, swapped: 0, repeated: 0, wrong: 0, closed: 0 };

describe('statistics', () => {
  test('take the middle, or the mean of both middles', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 });
    expect(spreadOf([4, 1, 2, 30])).toEqual({ median: 3, lowest: 1, highest: 30 });
    expect(spreadOf([])).toBeUndefined();
  });

  test('give the median of ratios, not the ratio of medians', () => {
    expect(medianRatio([1, 20, 300], [1, 10, 100])).toBe(2);
    expect(medianRatio([1, 2, undefined], [undefined, 4, 5])).toBe(0.5);
    expect(medianRatio([1], [0])).toBeUndefined();
  });
});

describe('a measurement', () => {
  const report: LoadReport = {
    connections: 10,
    messages: 100,
    carriers: 50,
    seconds: 2,
    server: { user: 300_000, system: 100_000 },
    generator: { user: 1_900_000, system: 0 },
    latency: [10, 99, 50, 1],
    resident: { before: 1000, after: 3000 },
    faults: { ...NONE, lost: 1 },
    examples: ['one'],
  };

  test('divides the time of the server by the messages of all generators', () => {
    const both = measurementOf([report, { ...report, generator: { user: 0, system: 0 }, faults: { ...NONE, lost: 2, wrong: 1 } }]);
    expect(both).toMatchObject({ messages: 200, perSecond: 100, perCarrier: 2, cpu: { user: 1500, system: 500 }, perConnection: 100 });
    expect(both).toMatchObject({ faults: { lost: 3, wrong: 1 }, examples: ['one', 'one'], p50: 0.01, p99: 0.01 });
    expect([both.serverCores, both.generatorCores]).toEqual([0.2, 0.95]);
  });

  test.each([
    [1_900_000, 400_000, true],
    [1_700_000, 400_000, false],
    [1_900_000, 1_900_000, false],
  ])('with %d µs of the generator and %d µs of the server is held back: %s', (generator, server, heldBack) => {
    const given = { ...report, generator: { user: generator, system: 0 }, server: { user: server, system: 0 } };
    expect(measurementOf([given]).heldBack).toBe(heldBack);
  });

  test('goes without what can not be read', () => {
    const { server, resident, ...rest } = report;
    expect(server && resident).toBeDefined();
    const bare = measurementOf([{ ...rest, latency: [] }]);
    expect(bare).not.toHaveProperty('cpu');
    expect(bare).not.toHaveProperty('perConnection');
    expect(bare).not.toHaveProperty('p50');
    expect(bare.heldBack).toBe(false);
  });
});

describe('a report', () => {
  const result = resultOf('echo', [
    { signalbox: 8, ws: 10, kestrel: 20 },
    { signalbox: 9, ws: 10, kestrel: 20 },
    { signalbox: 13, ws: 10, kestrel: 20 },
  ]);
  const rowOf = (text: string, name: string): readonly string[] =>
    (text.split('\n').find((line) => line.startsWith(`| ${name} `)) ?? '').split('|').map((cell) => cell.trim());

  test('has a row for each system, with spread, ratios and whether its budgets are met', () => {
    const text = scenarioReport(result, judge([result]));
    expect(rowOf(text, 'system').slice(1, 6)).toEqual(['system', 'CPU µs per echo', 'user + system', '× bare ws', '× Kestrel']);
    expect(rowOf(text, 'Signalbox')).toEqual([
      '',
      'Signalbox',
      '9.00 (8.00–13.0)',
      '4.50 + 4.50',
      '0.900',
      '0.450',
      '1,000',
      '1.00',
      '2.00',
      '1.00',
      '64.0',
      'met',
      '',
    ]);
    expect(rowOf(text, 'bare ws')[4]).toBe('1.00');
    expect(text).toContain('Every message came, once and in order.');
    expect(text).toContain('load average 0.500 to 1.25');
    expect(text).toMatch(/\| Signalbox +\| +0.900 \| × bare ws +\| <= 1.15 +\| met/);
    expect(budgetTotal(judge([result]))).toBe('Budgets: 2 of 2 met; aims: 1 of 1.');
  });

  test('marks a row whose budget or aim is missed', () => {
    const missed = resultOf('echo', [{ signalbox: 12, ws: 10, kestrel: 20 }]);
    expect(rowOf(scenarioReport(missed, judge([missed])), 'Signalbox').at(-2)).toBe('missed');
    const aimMissed = resultOf('echo', [{ signalbox: 8, ws: 10, kestrel: 10 }]);
    expect(rowOf(scenarioReport(aimMissed, judge([aimMissed])), 'Signalbox').at(-2)).toBe('met, aim missed');
  });

  test('shows faults, failures and a load generator that was the bottleneck', () => {
    const faulty = resultOf('echo', [
      {
        signalbox: measured(8, { faults: { ...NONE, lost: 3, wrong: 1 }, examples: ['no echo: x'] }),
        ws: { failed: 'it ended' },
        kestrel: measured(1, { heldBack: true }),
      },
    ]);
    const text = scenarioReport(faulty, judge([faulty]));
    expect(text).toContain('FAULTS. Signalbox: 4 faults. no echo: x');
    expect(text).toContain('bare ws: 0 faults. failed: it ended');
    expect(text).not.toContain('Every message came');
    expect(rowOf(text, 'bare ws').slice(1, 3)).toEqual(['bare ws', '–']);
    expect(rowOf(text, 'Kestrel')).toContain('1,000 ‡');
    expect(text).toContain('‡ The load generator was the bottleneck');
  });

  test('of memory is in kilobytes a connection', () => {
    const idle = resultOf('idle', [{ signalbox: 6, ws: 6, kestrel: 20 }]);
    const text = scenarioReport(idle, judge([idle]));
    expect(rowOf(text, 'system').slice(1, -1)).toEqual(['system', 'KB a connection', '× bare ws', '× Kestrel', 'RSS MB', 'budget']);
    expect(text).not.toContain('Every message');
    expect(rowOf(text, 'Signalbox').slice(1, -1)).toEqual(['Signalbox', '6.00', '1.00', '0.300', '64.0', 'met']);
  });

  test('says how many came in one frame only where the server batches them', () => {
    for (const [name, isThere] of [
      ['stream', true],
      ['upload', false],
      ['ask', false],
      ['storm', false],
    ] as const)
      expect(scenarioReport(resultOf(name, [{ signalbox: 1 }]), []).includes('| in one frame |'), name).toBe(isThere);
  });

  test('counts equivalent units as long as 99 % come within a second, and says what ran beside the service', () => {
    const units = resultOf('managed-echo', [
      {
        'signalbox-service': measured(20, { perSecond: 12_500, p99: 999, beside: { cpu: 7, resident: 32 * 1024 * 1024 } }),
        signalbox: measured(10, { perSecond: 50_000, p99: 1000 }),
        ws: 10,
      },
    ]);
    const text = scenarioReport(units, []);
    const column = rowOf(text, 'system').indexOf('equivalent units');
    expect(rowOf(text, 'Signalbox, service')[column]).toBe('12.5');
    expect(rowOf(text, 'Signalbox')[column]).toBe('– (p99 over 1 s)');
    expect(rowOf(text, 'system')).toEqual(expect.arrayContaining(['× bare ws', '× Signalbox']));
    expect(text).toContain('over the 1,000 echoes a second that are published for one unit of Azure SignalR Service');
    expect(text).toContain('The app server beside it: of Signalbox, service 7.00 µs of CPU per echo, 32.0 MB.');
    expect(scenarioReport(resultOf('service-echo', [{ ws: 1 }]), [])).not.toContain('equivalent units');
  });

  test('of sizes is one table with a row for each', () => {
    const fine = resultOf('size-4k', [{ 'signalbox-service': measured(30, { beside: { cpu: 7 }, perSecond: 256 }), ws: 15 }]);
    const faulty = resultOf('size-1m', [{ 'signalbox-service': { failed: 'it did' }, ws: 40 }]);
    const text = sizesReport([result, fine, faulty]);
    expect(
      text
        .split('\n')[2]
        ?.split('|')
        .map((cell) => cell.trim()),
    ).toEqual(['', '4,096', '30.0', '15.0', '2.00', '7.00', '1.00', '2.00', '1.00', '1.00', '2.00', '3.91', '']);
    expect(text).toContain('failed: it did');
    expect(sizesReport([fine])).not.toContain('FAULTS');
    expect(text).not.toContain('echo, 100 connections');
  });

  test('as JSON has every round', () => {
    const { scenarios } = JSON.parse(asJson({ about: 'today', scenarios: [result] }, judge([result]))) as {
      scenarios: { rounds: Record<string, { cpu: object }>[]; summary: { system: string }[]; budgets: object[] }[];
    };
    expect(scenarios[0]?.rounds.map((round) => round['signalbox']?.cpu)).toEqual([
      { user: 4, system: 4 },
      { user: 4.5, system: 4.5 },
      { user: 6.5, system: 6.5 },
    ]);
    expect(scenarios[0]?.summary.map(({ system }) => system)).toEqual(['signalbox', 'ws', 'kestrel']);
    expect(scenarios[0]?.budgets.length).toBeGreaterThan(0);
  });

  test('is the same when it is shown again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
    const files = ['a.json', 'b.json'].map((name) => join(folder, name));
    for (const file of files) writeFileSync(file, asJson({ about: 'today', scenarios: [result] }, judge([result])));
    const again = readResults(files);
    rmSync(folder, { recursive: true });
    expect(again.about).toBe('today');
    expect(again.scenarios.map((one) => scenarioReport(one, judge([one])))).toEqual(
      [1, 2].map(() => scenarioReport(result, judge([result]))),
    );
  });

  test('in one table has a row for each scenario', () => {
    const idle = resultOf('idle', [{ signalbox: 6, ws: 6, 'socket.io': 12, kestrel: 20 }]);
    const text = overviewTable([result, idle]);
    expect(rowOf(text, idle.scenario.title).slice(1, -1)).toEqual([
      idle.scenario.title,
      '6.00 KB per connection',
      '1.00',
      '0.500',
      '0.300',
    ]);
    expect(text.split('\n')).toHaveLength(4);
    const service = overviewTable([resultOf('service-echo', [{ 'signalbox-service': 30, signalbox: 10, ws: 15 }])]);
    expect(service).toMatch(/\| 30\.0 µs per echo +\| +2\.00 \|/);
  });
});

describe('a table', () => {
  test('is Markdown, with columns of numbers to the right', () => {
    expect(
      tableOf(
        ['what', 'n', ''],
        [
          ['one', '1.00', 'x'],
          ['three', '', ''],
        ],
      ),
    ).toBe(['| what  |    n |     |', '| ----- | ---: | --- |', '| one   | 1.00 | x   |', '| three |      |     |'].join('\n'));
  });

  test.each([
    [0.1234, '0.123'],
    [1.234, '1.23'],
    [12.34, '12.3'],
    [123.4, '123'],
    [1234.5, '1,235'],
    [undefined, ''],
  ])('shows %s as %j', (value, text) => {
    expect(shown(value)).toBe(text);
  });
});

describe('a page', () => {
  const section = (name: string, text: string): { name: string; title: string; text: string } => ({ name, title: `About ${name}`, text });

  test('gets new sections at its end, and keeps what was written by hand', () => {
    const first = withSections('# Results\n\nBy hand.\n', [section('echo', 'old'), section('idle', 'old idle')]);
    const edited = first.replace('## About echo', '## My title\n\nMy words.');
    const second = withSections(edited, [section('echo', 'new'), section('ask', 'ask')]);
    expect(second).toContain('# Results\n\nBy hand.\n');
    expect(second).toContain(
      '## My title\n\nMy words.\n\n<!-- bench echo: written by the program -->\n\nnew\n\n<!-- end of bench echo -->',
    );
    expect(second).toContain('\n\nold idle\n\n');
    expect(second).not.toContain('\nold\n');
    expect(second.indexOf('About ask')).toBeGreaterThan(second.indexOf('About idle'));
    expect(withSections(second, [section('echo', 'new')])).toBe(second);
  });

  test('may be new', () => {
    expect(withSections('', [section('echo', 'text')])).toMatch(/^## About echo\n\n<!-- bench echo/);
  });
});

describe('a profile', () => {
  const frame = (functionName: string, url = '', lineNumber = 0): { functionName: string; url: string; lineNumber: number } => ({
    functionName,
    url,
    lineNumber,
  });

  test('of the CPU sums self time by function, without idle time', () => {
    const nodes = [frame('(idle)'), frame('hot', '/a.js', 4), frame('', '/a.js', 9), frame('hot', '/a.js', 4)].map((callFrame, i) => ({
      id: i + 1,
      callFrame,
    }));
    expect(selfTimes({ nodes, samples: [1, 2, 3, 4, 2], timeDeltas: [1000, 5, 7, 10, -3] })).toEqual([
      { name: 'hot /a.js:5', amount: 15 },
      { name: '(anonymous) /a.js:10', amount: 7 },
    ]);
  });

  test('of allocations sums bytes by function, all over the tree', () => {
    const leaf = { callFrame: frame('make', '/b.js'), selfSize: 30, children: [] };
    const head = {
      callFrame: frame('(root)'),
      selfSize: 0,
      children: [leaf, { callFrame: frame('call', '/b.js', 1), selfSize: 20, children: [leaf] }],
    };
    expect(allocations({ head })).toEqual([
      { name: 'make /b.js:1', amount: 60 },
      { name: 'call /b.js:2', amount: 20 },
    ]);
  });
});

describe('the progress line', () => {
  const [system] = systems;
  const { scenario } = resultOf('echo', []);

  function shownOn(isTTY: boolean): string {
    let text = '';
    const progress = new Progress({ write: (more) => (text += more), isTTY }, 2, 1);
    if (!system) throw new Error('no systems');
    progress.begins(scenario, 0, system);
    progress.ended(scenario, system, measured(8));
    progress.begins(scenario, 0, system);
    progress.ended(scenario, system, { failed: 'it ended' });
    progress.clear();
    return text;
  }

  test('is a line for each measurement where it goes to a file', () => {
    const [first, second, ...rest] = shownOn(false).split('\n');
    expect(first).toMatch(/^\[1\/2\] echo, round 1\/1, signalbox: 8.00 µs per echo, \d+ s left$/);
    expect(second).toBe('[2/2] echo, round 1/1, signalbox: FAILED: it ended');
    expect(rest).toEqual(['']);
  });

  test('stays in its place on a terminal', () => {
    expect(shownOn(true)).not.toContain('\n');
    expect(shownOn(true).endsWith('\r\x1b[K')).toBe(true);
  });
});

test('rounds begin with another system each, and load generators share connections and rate', () => {
  expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  expect(rotated([], 2)).toEqual([]);
  const given = plan(1, { connections: 100, work: { kind: 'echo', size: 1, depth: 1, perSecond: 900 } });
  const shares = [0, 1, 2].map((generator) => shareOf(given, generator, 3));
  expect(shares.map(({ connections }) => connections)).toEqual([33, 33, 34]);
  expect(shares.map(({ work }) => work.kind === 'echo' && work.perSecond)).toEqual([300, 300, 300]);
});
