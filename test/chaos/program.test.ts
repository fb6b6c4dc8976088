import { describe, expect, test } from 'vitest';
import { audiencesOf, guests, SERVERS } from './audiences.ts';
import type { Sent, Verdict } from './checker.ts';
import type { Fault } from './fault.ts';
import { faults } from './faults.ts';
import { Journal } from './journal.ts';
import { readOptions, type Options } from './options.ts';
import { withTable } from './page.ts';
import { asJson, asLines, asPage, lostInCovered } from './report.ts';
import type { Result } from './run-fault.ts';

describe('the plan', () => {
  test('has every target, each heard by somebody and, but for all, not by everybody', () => {
    const targets = ['all', 'group', 'groups', 'user', 'users', 'client', 'clients', 'allExcept', 'groupExcept', 'others', 'othersInGroup'];
    for (let server = 0; server < SERVERS; server++) {
      const audiences = audiencesOf(server);
      expect(new Set(audiences.map(({ target }) => target.to))).toEqual(new Set([...targets, 'result']));
      for (const { target, owed } of audiences) {
        expect(owed.length).toBeGreaterThan(0);
        expect(owed.length === guests.length).toBe(target.to === 'all');
      }
    }
  });

  test('asks clients of this server and of another, leaves some out at each, and has both protocols at each', () => {
    for (let server = 0; server < SERVERS; server++) {
      const homes = (to: string): Set<number | undefined> =>
        new Set(
          audiencesOf(server)
            .filter(({ target }) => target.to === to)
            .flatMap(({ owed }) => owed.map((name) => guests.find((guest) => guest.name === name)?.home)),
        );
      expect(homes('client').size).toBe(2);
      expect(homes('result').size).toBe(2);
      for (const to of ['group', 'groups', 'user', 'users', 'clients', 'others']) expect(homes(to).size).toBe(SERVERS);
      expect(new Set(guests.filter(({ home }) => home === server).map(({ protocol }) => protocol)).size).toBe(2);
    }
  });

  test('names each fault once', () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });
});

describe('the journal', () => {
  test('tells apart what was taken, refused, left open, and left open by a process that was killed', () => {
    const journal = new Journal();
    for (const [publisher, server] of [
      ['s0.1', 0],
      ['s1.1', 1],
    ] as const) {
      journal.open(publisher, server);
      const without = [...audiencesOf(server).keys()].slice(3);
      journal.told(publisher, { kind: 'sending', number: 1, from: 10, without }, 10);
      journal.told(publisher, { kind: 'outcomes', outcomes: [[0, 1, 20], [1, 1, 25, 'CODE']] }, 30); // prettier-ignore
    }
    journal.killed('s1.1');
    expect(journal.settled).toBe(false);
    const { sent } = journal.evidence(0, 0);
    expect(sent.map(({ publisher, outcome, code }) => [publisher, outcome, code])).toEqual([
      ['s0.1', 'taken', undefined],
      ['s0.1', 'refused', 'CODE'],
      ['s0.1', 'unsettled', undefined],
      ['s1.1', 'taken', undefined],
      ['s1.1', 'refused', 'CODE'],
      ['s1.1', 'orphaned', undefined],
    ]);
    expect(sent[0]?.near).toEqual(['c0', 'c1', 'c2']);
  });
});

describe('the options', () => {
  const run = (...args: string[]): Options => (readOptions(args, faults) as { readonly run: Options }).run;

  test('all faults, unless said otherwise', () => {
    expect(run()).toEqual({ faults, quick: false });
    expect(run('--quick').faults.map(({ quick }) => quick)).toEqual([true, true, true, true]);
    expect(run('--only', 'cut-all,redis-oom', '--quick', '--json', 'x').faults.map(({ name }) => name)).toEqual(['cut-all', 'redis-oom']);
  });

  test('the list says what is covered', () => {
    expect(readOptions(['--list'], faults)).toMatchObject({ show: expect.stringMatching(/^redis-kill: .* \(covered\)\n/) as string });
  });

  test.each([
    [['--only', 'nosuch'], "There is no fault 'nosuch'. There are: redis-kill, "],
    [['--nosuch'], "Unknown option '--nosuch'"],
    [['--quick', '--write', 'docs/redis.md'], '--write is for the whole table'],
  ])('%j is a mistake', (args, problem) => {
    expect(readOptions(args, faults)).toMatchObject({ problem: expect.stringContaining(problem) as string });
  });
});

describe('the report', () => {
  const fault = (name: string, covered: boolean): Fault => ({ name, title: 'All is dark for {s} s', covered, strike: async () => {} });
  const message: Sent = { publisher: 's0.1', audience: 1, number: 7, from: 0, until: 1, outcome: 'taken', owed: ['c0'], near: [] };
  const verdict: Verdict = {
    sent: 1_000,
    kept: 900,
    lost: [message, message],
    lostDeliveries: 3,
    silent: 1,
    refused: new Map([['CODE', 98]]),
    orphaned: 0,
    missedAway: 4,
    doubled: 5,
    disordered: 6,
    misdirected: 0,
    nearServed: 0.999,
    wholeAfter: 1_234,
  };
  const result = (name: string, covered: boolean): Result => ({
    fault: fault(name, covered),
    outage: 1_500,
    healed: 2_500,
    verdict,
    told: new Map([['recovered: node-only', 2]]),
    whole: true,
    crashes: [],
    took: 9,
  });
  const results = [result('redis-kill', true), result('unheard-of', false)];

  test('sums up what was lost where nothing may be', () => {
    expect(lostInCovered(results)).toBe(2);
    expect(JSON.parse(asJson(results))).toMatchObject({
      lost: 2,
      faults: [{ fault: 'redis-kill', verdict: { refused: { CODE: 98 } } }, {}],
    });
  });

  test('says of each fault what became of the messages, and who was told', () => {
    const lines = asLines(result('redis-kill', false));
    expect(lines).toContain('redis-kill (not covered): All is dark for 1.5 s\n');
    expect(lines).toContain(
      'sent 1,000, kept 900, lost 2, doubled 5, out of order 6\n  lost: group 2; 3 deliveries, of s0.1; 1 silently\n',
    );
    expect(lines).toContain('reported: 98 rejected with CODE, recovered: node-only 2 ×\n');
    expect(lines).toContain('own clients served meanwhile: 99 %; whole again after 1.2 s');
    expect(lines).toContain('missed by clients while they were away: 4 deliveries');
    expect(asLines({ ...result('x', true), whole: false, crashes: ['s0.1 ended by itself with 1'] })).toMatch(
      /whole again after never[^]*not whole: [^]*s0\.1 ended by itself with 1/,
    );
  });

  test('puts a row of each into the page, and leaves the rest of it as it is', () => {
    const page = withTable('before\n<!-- chaos: written by the program -->\nold\n<!-- end of chaos -->\nafter\n', asPage(results));
    expect(page).toMatch(/^before\n<!--[^]*<!-- end of chaos -->\nafter\n$/);
    expect(page).not.toContain('old');
    expect(page).toMatch(
      /\| All is dark for 1\.5 s \| 1,000 \| 900 \| 2 \(1 silently\) \| 5 \| 6 \| 98 rejected with CODE, .* \| 99 % \| 1\.2 s \| Sends fail after 5 to 6 s/,
    );
    expect(page).toContain('| not measured |');
    expect(page).toContain('\nlost: 2\n');
    expect(withTable(page, asPage(results))).toBe(page);
    expect(() => withTable('no marks', '')).toThrow('The page has no lines');
  });
});
