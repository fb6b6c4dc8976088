import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { differencesAsMarkdown } from './differences.ts';

test('docs/compatibility.md lists the intended differences', async () => {
  const page = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
  const section = page.split('\n## Differences\n')[1]?.split('\n## ')[0] ?? '';
  const table = section.split('\n').filter((line) => line.startsWith('|'));
  expect(table.join('\n')).toBe(differencesAsMarkdown());
});
