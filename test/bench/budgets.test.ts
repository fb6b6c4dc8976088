import { describe, expect, test } from 'vitest';
import { budgets, describeBudget, judge, verdictOn, type Budget } from '../../bench/budgets.ts';
import { canRun, scenarioNamed } from '../../bench/scenarios.ts';
import { systems } from '../../bench/peers/systems.ts';
import { resultOf } from './results.ts';

const budget = { scenario: 'echo', system: 'signalbox', over: { system: 'ws' }, must: 1.15, aim: 0.65 } as const;

describe('a budget', () => {
  test.each([
    [0.65, true, true],
    [0.66, true, false],
    [1.15, true, false],
    [1.16, false, false],
    [undefined, undefined, undefined],
  ])('at %s is met: %s, its aim: %s', (value, mustMet, aimMet) => {
    expect(verdictOn(budget, value)).toEqual({ budget, value, mustMet, aimMet });
  });

  test('without a limit is neither met nor missed', () => {
    const { must, ...aimOnly } = budget;
    expect(verdictOn(aimOnly, must)).toMatchObject({ mustMet: undefined, aimMet: false });
  });

  test('compares rounds with themselves', () => {
    const result = resultOf('echo', [
      { signalbox: 10, ws: 10 },
      { signalbox: 40, ws: 20 },
      { signalbox: 90, ws: 30 },
    ]);
    expect(judge([result], [budget])[0]?.value).toBe(2);
  });

  test('leaves out rounds in which one of both failed', () => {
    const result = resultOf('echo', [{ signalbox: 10, ws: { failed: 'it did' } }, { signalbox: 30, ws: 10 }, { ws: 10 }]);
    expect(judge([result], [budget])[0]?.value).toBe(3);
    expect(judge([resultOf('echo', [{ signalbox: 10 }])], [budget])[0]?.value).toBeUndefined();
  });

  test('may be about the figure itself, another scenario, or the other protocol', () => {
    const table: readonly Budget[] = [
      { scenario: 'idle', system: 'signalbox', must: 8 },
      { scenario: 'broadcast-5000', system: 'signalbox', over: { scenario: 'broadcast-100' }, must: 2 },
      { scenario: 'echo16', system: 'signalbox-messagepack', over: { system: 'signalbox' }, must: 0.9 },
    ];
    const results = [
      resultOf('idle', [{ signalbox: 7 }, { signalbox: 9 }, { signalbox: 7.5 }]),
      resultOf('broadcast-100', [{ signalbox: 4 }]),
      resultOf('broadcast-5000', [{ signalbox: 10 }]),
      resultOf('echo16', [{ 'signalbox-messagepack': 1, signalbox: 2 }]),
    ];
    const verdicts = judge(results, table);
    expect(verdicts.map(({ value, mustMet }) => [value, mustMet])).toEqual([
      [7.5, true],
      [2.5, false],
      [0.5, true],
    ]);
    expect(table.map(describeBudget)).toEqual(['KB a connection', '× its own broadcast-100', '× its JSON']);
    expect(judge(results.slice(2, 3), table)[0]?.value).toBeUndefined();
  });
});

describe('the budgets', () => {
  test('are of scenarios that exist, against systems that can run them', () => {
    for (const { scenario: name, system, over } of budgets) {
      const scenario = scenarioNamed(name);
      expect(scenario, name).toBeDefined();
      if (!scenario) continue;
      const named = [system, ...(over && 'system' in over ? [over.system] : [])];
      for (const one of named)
        expect(
          systems.filter((given) => given.name === one && canRun(given, scenario)),
          `${name} ${one}`,
        ).toHaveLength(1);
      if (over && 'scenario' in over) expect(scenarioNamed(over.scenario), over.scenario).toBeDefined();
    }
  });

  test('have a limit each, and aim at less than they must keep', () => {
    for (const { must, aim } of budgets) {
      expect(must ?? aim).toBeGreaterThan(0);
      expect(aim ?? 0).toBeLessThanOrEqual(must ?? Infinity);
    }
  });

  test('are judged for what was run only', () => {
    expect(judge([])).toEqual([]);
    expect(new Set(judge([resultOf('echo', [{ signalbox: 1, ws: 1 }])]).map((verdict) => verdict.budget.scenario))).toEqual(
      new Set(['echo']),
    );
  });
});
