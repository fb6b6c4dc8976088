import { readFileSync } from 'node:fs';
import { extensionTable } from '../../../src/protocol/service/extension.ts';
import { MAX_MAP_ENTRIES } from '../../../src/protocol/service/field.ts';
import { layouts } from '../../../src/protocol/service/messages.ts';

const INTRODUCTION = `# The service protocol

What app servers and the service say to each other over a server connection, as Microsoft.Azure.SignalR 1.34.0 writes and reads it. A
WebSocket's binary messages carry a stream of bytes, cut anywhere; in it, each message is its length (as in the hub protocol's MessagePack:
seven bits a byte, least significant first) and an array of MessagePack that begins with the message's number.

An item marked \`?\` may be missing in older, shorter arrays; the lengths that an array has had are given, and the last one is written. One marked \`*\` may be nil. Items
behind those that are known are not looked at, and neither is a message of an unknown number. A message that is malformed is left out
(\`SIGNALBOX_SERVICE_MESSAGE\`); a length beyond the limit ends the connection (\`SIGNALBOX_SERVICE_STREAM\`). A map may have
${MAX_MAP_ENTRIES.toLocaleString('en')} entries. Integers are read in any encoding.

This page is made of the table in the source, by \`npx vitest run --project fast test/protocol/service/messages-page.test.ts -u\`.
`;

const source = (file: string): string => readFileSync(new URL(`../../../src/protocol/service/${file}`, import.meta.url), 'utf8');

/** The comment above a member of a table, on one line. */
function commentOf(text: string, name: string): string {
  const comment = new RegExp(String.raw`/\*\*((?:(?!\*/)[^])*)\*/\s+${name}: \{`).exec(text)?.[1];
  if (comment === undefined) throw new Error(`${name} has no comment.`);
  return comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim();
}

const cells = (...values: readonly (string | number)[]): string =>
  `| ${values.map((value) => String(value).replaceAll('|', '\\|')).join(' | ')} |\n`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  `\n${cells(...head)}${cells(...head.map(() => '---'))}${rows.join('')}`;

const messages = source('messages.ts');
const rows = Object.entries(layouts).map(([type, { number, from, forms, items, rest = {} }]) => {
  const least = (forms[0] ?? 1) - 1;
  const names = Object.entries(items).map(([name, { kind }], at) => `${name}${kind.endsWith('or nil') ? '*' : ''}${at < least ? '' : '?'}`);
  const shown = [number, ...names, ...Object.keys(rest).map((name) => `…${name}`)].join(', ');
  return cells(
    type,
    from,
    `\`[${shown}]\``,
    Object.keys(rest).length > 0 ? `from ${forms[0]}` : forms.join(', '),
    commentOf(messages, type),
  );
});

/** Each kind of item, with the names of the items of that kind. */
function kinds(): readonly string[] {
  const names = new Map<string, Set<string>>();
  for (const { items, rest } of Object.values(layouts)) {
    for (const [name, { kind }] of Object.entries({ ...items, ...rest })) names.set(kind, (names.get(kind) ?? new Set()).add(name));
  }
  return [...names].map(([kind, of]) => cells(kind, [...of].map((name) => `\`${name}\``).join(', ')));
}

const extensions = Object.entries(extensionTable).map(([name, { key, field }]) =>
  cells(key, `\`${name}\``, field.kind, commentOf(source('extension.ts'), name)),
);

/** docs/service-protocol.md, as it has to be. */
export const messagesPage = [
  INTRODUCTION,
  '\n## Messages\n',
  table(['message', 'sent by', 'array', 'lengths', 'meaning'], rows),
  '\nThe numbers 41 to 43, of later releases, are unknown.\n',
  '\n## Items\n',
  table(['kind', 'items'], kinds()),
  '\n## The extension\n\nA map whose keys are integers. Entries of other keys are passed over.\n',
  table(['key', 'name', 'kind', 'meaning'], extensions),
].join('');
