import { createServer } from 'node:http';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { MILLION, readOptions, type Options } from './options.ts';
import { plan } from './plan.ts';
import { properties } from './properties.ts';
import { Progress } from './progress.ts';
import { pureProperty } from './property.ts';
import { Residue } from './residue.ts';

const small = pureProperty({ name: 'small', title: 'numbers are small', share: 1, few: 1 }, () =>
  fc.property(fc.nat(1_000), (number) => {
    if (number > 700) throw new Error(`${number} is large`);
  }),
);

describe('check', () => {
  test('finds a failure again by its seed, and the shrunk case by its path', async () => {
    const { failure } = await check(await small.open(), { cases: 100, seed: 1 });
    expect(failure?.text).toContain('701 is large');
    const again = await check(await small.open(), { cases: 100, seed: failure?.seed ?? 0 });
    expect(again.failure).toEqual(failure);
    const shrunk = await check(await small.open(), { cases: 100, seed: 1, path: failure?.path ?? '' });
    expect(shrunk.cases).toBe(1);
    expect(shrunk.failure?.text).toContain('701 is large');
  });
});

describe('the plan', () => {
  test('deals out all cases, to every property, and gives the first chunk of each the seed itself', () => {
    for (const cases of [1_000, 12_345, MILLION]) {
      const chunks = plan(properties, cases, 7);
      expect(chunks.reduce((sum, chunk) => sum + chunk.cases, 0)).toBe(cases);
      for (const { name, chunk } of properties) {
        const own = chunks.filter(({ property }) => property === name);
        expect(own[0]?.seed).toBe(7);
        expect(new Set(own.map(({ seed }) => seed)).size).toBe(own.length);
        expect(own.every((one) => one.cases > 0 && one.cases <= chunk)).toBe(true);
      }
    }
  });

  test('shares make a million', () => {
    expect(properties.reduce((sum, { share }) => sum + share, 0)).toBe(MILLION);
  });
});

describe('the options', () => {
  const run = (...args: string[]): Options => (readOptions(args, properties) as { readonly run: Options }).run;

  test('a million cases of all properties, unless said otherwise', () => {
    expect(run()).toMatchObject({ properties, cases: MILLION });
    const [first] = properties;
    expect(run('--only', first?.name ?? '', '--cases', '10', '--seed=-3', '--workers', '1')).toEqual({
      properties: [first],
      cases: 10,
      seed: -3,
      workers: 1,
    });
  });

  test.each([
    [['--cases', '0'], '--cases is to be a whole number'],
    [['--seed', 'x'], '--seed is to be a whole number'],
    [['--only', 'nosuch'], "There is no property 'nosuch'"],
    [['--nosuch'], "Unknown option '--nosuch'"],
  ])('%j is a mistake', (args, problem) => {
    expect(readOptions(args, properties)).toMatchObject({ problem: expect.stringContaining(problem) as string });
  });
});

test('the sums count cases and failures, and say how to have one again', () => {
  let said = '';
  const chunk = { property: 'small', cases: 5, seed: 3 };
  const progress = new Progress([chunk, chunk], 3, (text) => (said += text));
  progress.tried(chunk, { verdict: { cases: 5 }, milliseconds: 1_000 });
  progress.tried(chunk, { verdict: { cases: 2, failure: { seed: 3, path: '1:0', text: '701 is large' } }, milliseconds: 500 });
  progress.finished({ residue: ['a timer'], heap: [100, 110] });
  progress.conclude();
  expect(said).toContain('701 is large\nAgain: npm run fuzz -- --only small --cases 5 --seed 3\n');
  expect(said).toContain('--seed 3 --path 1:0\n');
  expect(said).toMatch(/small +7 cases {2}seed 3 +1\.5 s {2}1 failures/);
  expect(said).toContain('left behind in a worker: a timer');
  expect(said).toMatch(/\nfuzz: 7 cases, 2 failures\n$/);
});

describe('the residue', () => {
  test('is nothing where nothing is left', async () => {
    await Residue.measure();
    const before = await Residue.measure();
    expect((await Residue.measure()).since(before, ['Timeout', 'PipeWrap'])).toEqual([]);
  });

  test('shows memory that is kept', async () => {
    const before = await Residue.measure();
    const kept = Array.from({ length: before.heap / 80 }, (_, index) => ({ index }));
    expect((await Residue.measure()).since(before).join()).toMatch(/bytes of memory are in use/);
    expect(kept.length).toBeGreaterThan(0);
  });

  test('shows a server that is left', async () => {
    const before = await Residue.measure();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect((await Residue.measure()).since(before).join()).toMatch(/TCPServerWrap/);
    server.close();
  });
});
