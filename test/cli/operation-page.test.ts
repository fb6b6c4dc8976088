import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { usageOf } from '../../src/cli/config-output.ts';
import { allSettings } from '../../src/cli/serve-settings.ts';
import type { Setting, SettingTable } from '../../src/cli/setting.ts';

const table: SettingTable = allSettings;
const page = new URL('../../docs/operation.md', import.meta.url).pathname;

const BEGIN = '<!-- Made of the table of settings, by `npx vitest run --project fast test/cli/operation-page.test.ts -u`. -->\n';
const END = '<!-- The end of what is made. -->\n';

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');

function ownRow([name, setting]: readonly [string, Setting<unknown>]): string {
  const usage = usageOf(name, setting);
  const ways = [...(usage === undefined ? [] : [code(usage)]), code(setting.variable)].join('<br>');
  const byDefault = setting.byDefault === undefined ? '' : code(setting.byDefault);
  const notes = [setting.reloads === true ? 'reload' : 'restart', ...(setting.secret === true ? ['secret'] : [])].join(', ');
  return `| ${setting.notInFile === true ? '' : code(name)} | ${ways} | ${byDefault} | ${cell(setting.allowed)} | ${cell(setting.about)} | ${notes} |\n`;
}

function optionRow([name, { variable, byDefault, allowed, reloads }]: readonly [string, Setting<unknown>]): string {
  const shown = byDefault === undefined ? 'pages of every origin' : code(byDefault);
  return `| ${code(name)} | ${code(variable)} | ${shown} | ${cell(allowed)} | ${reloads === true ? 'reload' : 'restart'} |\n`;
}

const entries = Object.entries(table);
const own = entries.filter(([, { assigned }]) => assigned !== true);
const options = entries.filter(([, { assigned }]) => assigned === true);
const made = `${BEGIN}
| in the file | on the command line, in the environment | default | allowed | what it does | a change takes a |
| --- | --- | --- | --- | --- | --- |
${own.map(ownRow).join('')}
Options of the service, on the command line by \`--set <name>=<value>\`. What they do stands in [service-options.md](service-options.md) (\`service.\`) and [options.md](options.md#connections) (\`clients.\`), and
\`signalbox config\` prints it.

| in the file, and for \`--set\` | in the environment | default | allowed | a change takes a |
| --- | --- | --- | --- | --- |
${options.map(optionRow).join('')}
${END}`;

test('docs/operation.md lists the settings', async () => {
  const text = await readFile(page, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  expect([begin, end]).not.toContain(-1);
  await expect(text.slice(0, begin) + made + text.slice(end + END.length)).toMatchFileSnapshot(page);
});
