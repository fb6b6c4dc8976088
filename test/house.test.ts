import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rules } from './house/rules.ts';
import { readTree, shown } from './house/tree.ts';

const tree = readTree(fileURLToPath(new URL('..', import.meta.url)));

describe('the house', () => {
  test('is read whole', () => {
    for (const file of ['package.json', 'src/base/clock.ts', 'test/house.test.ts', '.oxlintrc.json'])
      expect(tree.has(file), file).toBe(true);
    for (const folder of ['node_modules/', '.git/', 'dist/'])
      expect([...tree.keys()].filter((file) => file.startsWith(folder))).toEqual([]);
  });

  test.each(Object.entries(rules))('%s', (_name, rule) => {
    expect(rule(tree).map(shown)).toEqual([]);
  });
});
