import { describe, expect, test } from 'vitest';
import { readOptions, usage, type Options } from '../../bench/options.ts';
import { scenarios } from '../../bench/scenarios.ts';

function options(...args: readonly string[]): Options {
  const request = readOptions(args);
  if (!('run' in request)) throw new Error(JSON.stringify(request));
  return request.run;
}

const names = (of: Options): readonly string[] => of.scenarios.map(({ name }) => name);

describe('readOptions', () => {
  test('without arguments measures all but the large scenarios against everybody, five times', () => {
    const all = options();
    expect(names(all)).toEqual(scenarios.filter(({ large }) => large !== true).map(({ name }) => name));
    expect(all).toMatchObject({ rounds: 5, warmUp: 2000, duration: 3000, generators: 1, profile: false });
    expect(all.against).toEqual(['ws', 'floor', 'socket.io', 'kestrel']);
    expect(names(options('--large'))).toEqual(scenarios.map(({ name }) => name));
  });

  test('takes lists of scenarios and peers, in one argument or several', () => {
    const some = options('--scenario', 'broadcast8,echo', '--scenario', 'idle', '--against', 'ws,socket.io,kestrel');
    expect(names(some)).toEqual(['broadcast8', 'echo', 'idle']);
    expect(some.against).toEqual(['ws', 'socket.io', 'kestrel']);
    expect(options('--against', 'none').against).toEqual([]);
  });

  test('takes numbers, files and flags', () => {
    const all = [
      '--rounds',
      '7',
      '--warm-up',
      '0.25',
      '--duration',
      '10',
      '--generators',
      '2',
      '--json',
      '-',
      '--write',
      'page.md',
      '--profile',
    ];
    const expected = { rounds: 7, warmUp: 250, duration: 10_000, generators: 2, json: '-', write: 'page.md', profile: true };
    expect(options(...all)).toMatchObject(expected);
  });

  test('is quick where that is asked for, and lets other options count more', () => {
    const quick = options('--quick');
    expect(quick).toMatchObject({ rounds: 1, warmUp: 300, duration: 500 });
    expect(names(quick)).toEqual([
      'echo',
      'echo16',
      'echo-stateful',
      'broadcast-100',
      'farm-100',
      'stream',
      'sse',
      'service-echo',
      'managed-to-connection',
    ]);
    expect(options('--quick', '--rounds', '2', '--scenario', 'idle')).toMatchObject({ rounds: 2, duration: 500 });
    expect(names(options('--quick', '--scenario', 'idle'))).toEqual(['idle']);
  });

  test.each([
    [['--scenario', 'nope'], /^There is no scenario 'nope'. There are: echo, /],
    [['--scenario', ','], '--scenario names none'],
    [['--scenario', 'broadcast-15000'], "'broadcast-15000' takes 15000 connections: add --large"],
    [['--against', 'ws,nope'], "There is no peer 'nope'. There are: ws, floor, socket.io, kestrel"],
    [['--rounds', '0'], "--rounds is to be a whole number from 1 to 100, not '0'"],
    [['--rounds', '1.5'], "--rounds is to be a whole number from 1 to 100, not '1.5'"],
    [['--generators', 'x'], "--generators is to be a whole number from 1 to 100, not 'x'"],
    [['--duration', '0'], "--duration is to be a number of seconds from 0.05 to 600, not '0'"],
    [['--warm-up', 'soon'], "--warm-up is to be a number of seconds from 0.05 to 600, not 'soon'"],
    [['--unknown'], /--unknown/],
    [['stray'], /stray/],
  ])('says what is wrong with %j', (args, problem) => {
    const request = readOptions(args);
    expect('problem' in request && request.problem).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
  });

  test('shows help, and the scenarios with who can run them', () => {
    expect(readOptions(['--help'])).toEqual({ show: usage });
    const request = readOptions(['--list']);
    const lines = 'show' in request ? request.show.trimEnd().split('\n') : [];
    expect(lines).toHaveLength(scenarios.length);
    expect(lines.find((line) => line.startsWith('echo '))).toMatch(/depth 1: signalbox, ws, floor, socket\.io, kestrel$/);
    expect(lines.find((line) => line.startsWith('stream '))).toMatch(/: signalbox, ws, kestrel$/);
    expect(lines.find((line) => line.startsWith('sse '))).toMatch(/: signalbox, kestrel$/);
    expect(lines.find((line) => line.startsWith('managed-echo '))).toMatch(/: signalbox, signalbox-service, ws$/);
    expect(lines.find((line) => line.startsWith('size-1m '))).toMatch(/: signalbox-service, ws$/);
    expect(lines.find((line) => line.startsWith('echo16 '))).toContain('signalbox-messagepack');
  });

  test('names each of its options in its help', () => {
    for (const option of [
      'scenario',
      'against',
      'rounds',
      'warm-up',
      'duration',
      'quick',
      'large',
      'generators',
      'profile',
      'json',
      'write',
      'list',
    ])
      expect(usage).toContain(`\n  --${option} `);
  });
});
