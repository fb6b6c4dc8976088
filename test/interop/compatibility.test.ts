import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { differencesAsMarkdown } from './differences.ts';
import { placeDifferencesAsMarkdown } from './place-differences.ts';

test('docs/compatibility.md lists the intended differences', async () => {
  expect(await tableOf('compatibility', 'Differences')).toBe(differencesAsMarkdown());
});

test('docs/testing.md lists the intended differences between places', async () => {
  expect(await tableOf('testing', 'One suite, three places')).toBe(placeDifferencesAsMarkdown());
});

/** The table of a section. */
async function tableOf(name: string, title: string): Promise<string> {
  const page = await readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  const section = page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const table = section.split('\n').filter((line) => line.startsWith('|'));
  return table.join('\n');
}
