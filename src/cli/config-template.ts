import type { ShownSetting } from './config-output.ts';

/** A tree of settings, as the file nests them. */
type Group = Map<string, ShownSetting | Group>;

/** A file for `--config` that says what it was read of: with comments, and what has its default commented out. */
export function configTemplate(settings: readonly ShownSetting[]): string {
  const root: Group = new Map();
  for (const shown of settings) if (shown.setting.notInFile !== true) place(root, shown.name.split('.'), shown);
  return `// Settings of signalbox serve, for --config or SIGNALBOX_CONFIG. Comments may stand anywhere.\n{\n${body(root, '  ')}}\n`;
}

function place(group: Group, [name = '', ...inner]: readonly string[], shown: ShownSetting): void {
  if (inner.length === 0) {
    group.set(name, shown);
    return;
  }
  const there = group.get(name);
  const next: Group = there instanceof Map ? there : new Map();
  group.set(name, next);
  place(next, inner, shown);
}

function body(group: Group, indent: string): string {
  return [...group]
    .map(([name, entry]) =>
      entry instanceof Map ? `${indent}"${name}": {\n${body(entry, `${indent}  `)}${indent}},\n` : member(name, entry, indent),
    )
    .join('\n');
}

const LONGEST = 120;

function member(name: string, { setting, source, value }: ShownSetting, indent: string): string {
  const { about, allowed, byDefault, reloads, secret } = setting;
  const comment = `${about.replace(/\.$/, '')}. Allowed: ${allowed}.${reloads === true ? '' : ' It takes a restart.'}`;
  const lines = wrapped(comment, LONGEST).map((line) => `${indent}// ${line}\n`);
  const hidden = secret === true || value === undefined;
  const shown = hidden ? '"…"' : JSON.stringify(value);
  const isDefault = source === 'default' || (!hidden && byDefault !== undefined && value === setting.parse(byDefault));
  return `${lines.join('')}${indent}${isDefault || hidden ? '// ' : ''}"${name}": ${shown},\n`;
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
