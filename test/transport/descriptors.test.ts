import { closeSync, openSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogFields } from '../../src/base/log.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { FakeClock } from '../../src/conformance/fake-clock.ts';
import { Descriptors, procDescriptors } from '../../src/transport/descriptors.ts';

/** A process whose numbers the test says. */
class FakeProcess {
  limits: number | undefined;
  opened: number | undefined = 0;
  looks = 0;
  readonly clock = new FakeClock();
  readonly logged: (readonly [string, LogFields])[] = [];

  constructor(limit: number | undefined) {
    this.limits = limit;
  }

  watch(reserve: number | null): Descriptors {
    const log = (event: { readonly id: string }, fields: LogFields): unknown => this.logged.push([event.id, fields]);
    return new Descriptors(reserve, new TimerWheel(this.clock), log, this);
  }

  limit(): number | undefined {
    return this.limits;
  }

  open(): number | undefined {
    this.looks++;
    return this.opened;
  }
}

describe('descriptors', () => {
  test('are enough until no more than the reserve is left', () => {
    const process = new FakeProcess(256);
    const descriptors = process.watch(64);
    process.opened = 191;
    expect(descriptors.state).toEqual({ state: 'enough', open: 191, limit: 256 });
    expect(descriptors.mayAdmit()).toBe(true);
    process.opened = 192;
    expect(descriptors.mayAdmit()).toBe(false);
    expect(descriptors.state).toEqual({ state: 'short', open: 192, limit: 256 });
    process.opened = 191;
    expect(descriptors.mayAdmit()).toBe(true);
  });

  test('are told of once in an episode, at its begin and at its end', () => {
    const process = new FakeProcess(256);
    const descriptors = process.watch(64);
    process.opened = 200;
    for (let i = 0; i < 10; i++) expect(descriptors.mayAdmit()).toBe(false);
    process.clock.advance(5_000);
    expect(process.logged).toEqual([['transport.descriptors-short', { open: 200, limit: 256, reserve: 64 }]]);
    // One that leaves makes room for one: that is no end.
    process.opened = 191;
    process.clock.advance(5_000);
    process.opened = 192;
    expect(descriptors.mayAdmit()).toBe(false);
    expect(process.logged.length).toBe(1);
    process.opened = 170;
    process.clock.advance(2_000);
    expect(process.logged.slice(1)).toEqual([['transport.descriptors-enough', { open: 170, limit: 256, refused: 11 }]]);
    expect(process.clock.tasks).toBe(0);
    process.opened = 192;
    expect(descriptors.mayAdmit()).toBe(false);
    expect(process.logged.map(([id]) => id).at(-1)).toBe('transport.descriptors-short');
  });

  test('are counted the more rarely the more are left, and at least ten times a second', () => {
    const process = new FakeProcess(1_064);
    const descriptors = process.watch(64);
    for (let i = 0; i < 251; i++) descriptors.mayAdmit();
    expect(process.looks).toBe(1);
    descriptors.mayAdmit();
    expect(process.looks).toBe(2);
    process.clock.advance(100);
    descriptors.mayAdmit();
    expect(process.looks).toBe(3);
    process.opened = 999;
    process.clock.advance(100);
    for (let i = 0; i < 10; i++) descriptors.mayAdmit();
    expect(process.looks).toBe(13);
  });

  test('follow a limit that is raised while there are too few', () => {
    const process = new FakeProcess(100);
    const descriptors = process.watch(64);
    process.opened = 50;
    expect(descriptors.mayAdmit()).toBe(false);
    process.limits = 1_000;
    process.clock.advance(1_200);
    expect(descriptors.mayAdmit()).toBe(true);
    expect(process.logged.at(-1)?.[0]).toBe('transport.descriptors-enough');
  });

  test.each([
    ['is switched off', 256, 10, null],
    ['knows no limit', undefined, 10, 64],
    ['can not be counted', 256, undefined, 64],
  ])('are unknown, and anybody may come, where the process %s', (_, limit, open, reserve) => {
    const process = new FakeProcess(limit);
    process.opened = open;
    const descriptors = process.watch(reserve);
    expect(descriptors.mayAdmit()).toBe(true);
    expect(descriptors.state.state).toBe('unknown');
  });

  test.skipIf(process.platform !== 'linux')('of this process are counted', () => {
    const before = procDescriptors.open() ?? 0;
    const opened = Array.from({ length: 10 }, () => openSync('/dev/null', 'r'));
    onTestFinished(() => {
      for (const descriptor of opened) closeSync(descriptor);
    });
    expect(procDescriptors.open()).toBe(before + 10);
    expect(procDescriptors.limit()).toBeGreaterThan(before);
  });
});
