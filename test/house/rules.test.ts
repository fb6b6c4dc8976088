import { describe, expect, test } from 'vitest';
import { rules } from './rules.ts';
import { shown, type Tree } from './tree.ts';

type Files = Readonly<Record<string, string>>;

/** The map of floors, from `<floor> <folder>`. */
const floors = (...rows: readonly string[]): string => {
  const cells = rows.map((row) => row.split(' '));
  return [
    '| floor | folder | what |',
    '| --- | --- | --- |',
    ...cells.map(([floor, folder]) => `| ${floor} | \`src/${folder}\` | … |`),
  ].join('\n');
};

const lock = (packages: object): string => {
  const root = { dependencies: { ws: '8.0.0' }, devDependencies: { vitest: '4.0.0' } };
  return JSON.stringify({ packages: { '': root, ...packages } }, undefined, 2);
};

/** A small house in order. Each case below breaks it in one way. */
const sound: Files = {
  'package.json': JSON.stringify(
    {
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './client': { types: './dist/client.d.ts', default: './dist/client.js' },
        './package.json': './package.json',
      },
      scripts: { build: 'tsc' },
      dependencies: { ws: '8.0.0' },
      devDependencies: { vitest: '4.0.0' },
    },
    undefined,
    2,
  ),
  'package-lock.json': lock({ 'node_modules/vitest': { optionalDependencies: { native: '1.0.0' } }, 'node_modules/native': {} }),
  'ARCHITECTURE.md': floors('1 base', '2 protocol', '2 transport', '3 backplane', '5 hub', '5 conformance', '6 *.ts'),
  'README.md': 'See [the map](ARCHITECTURE.md), [the tests](./test/), [the net](https://example.org/x) and `npm run build`.\n',
  'docs/dependencies.md': 'Why\n\n| name | version | why |\n| --- | --- | --- |\n| `ws` | 8.0.0 | reads |\n| `vitest` | 4.0.0 | tests |\n',
  'SECURITY.md': '| option | default |\n| --- | --- |\n| `most` | 1,000 |\n| `sockets.longest` | 5 |\n',
  'src/index.ts': "export { hub } from './hub/hub.ts';\n",
  'src/client.ts': "import type { HubConnection } from '@microsoft/signalr';\nexport type Typed = HubConnection;\n",
  'src/base/bytes.ts': "import { Buffer } from 'node:buffer';\nexport const empty = Buffer.alloc(0);\n",
  'src/protocol/hub/json.ts':
    "import type { Buffer } from 'node:buffer';\nimport { empty } from '../../base/bytes.ts';\nexport const bytes: Buffer = empty;\n",
  'src/transport/socket.ts': "import { WebSocket } from 'ws';\nexport { WebSocket };\n",
  'src/backplane/local.ts': "import { bytes } from '../protocol/hub/json.ts';\nexport { bytes };\n",
  'src/hub/hub.ts':
    "import type { Schema } from '@standard-schema/spec';\nimport { name } from './name.ts';\nexport const hub = (schema: Schema): string => name(schema);\n",
  'src/hub/options.ts':
    'interface Options {\n  /** Bytes. Default 1,000. */\n  readonly most?: number;\n  /** Default: 4, at least 5. */\n  readonly longest?: number;\n}\n',
  'src/hub/name.ts': 'export const name = (value: unknown): string => typeof value;\n',
  'src/conformance/suite.ts': "import { bytes } from '../backplane/local.ts';\nexport { bytes };\n",
  'test/base/bytes.test.ts': '',
  'test/protocol/hub/json.test.ts': '',
  'test/transport/socket.test.ts': '',
  'test/backplane/local.test.ts': '',
  'test/hub/hub.test.ts': '',
  'test/conformance/suite.test.ts': '',
};

const treeOf = (changes: Readonly<Record<string, string | undefined>> = {}): Tree =>
  new Map(Object.entries({ ...sound, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined));

const statements = (count: number): string => 'f();\n'.repeat(count);
const manifest = (from: string, to: string): Files => ({ 'package.json': (sound['package.json'] ?? '').replace(from, to) });

// Put together here, because the rule reads this file too.
const checkout = ['', 'work', ''].join('/');
const outside = ['..', 'shared'].join('/');
const origin = ['issue', '1'].join(' ');

type Case = readonly [
  rule: keyof typeof rules,
  what: string,
  changes: Readonly<Record<string, string | undefined>>,
  found: readonly string[],
];

const cases: readonly Case[] = [
  [
    'modules parse',
    'a module that does not',
    { 'src/hub/name.ts': '\nconst = 1;\n' },
    ['src/hub/name.ts:2 does not parse: Unexpected token'],
  ],
  [
    'imports go down, or stay in their folder',
    'an import of a higher floor',
    { 'src/base/bytes.ts': "// A line before.\nimport type { hub } from '../hub/hub.ts';\nexport type Hub = typeof hub;\n" },
    ['src/base/bytes.ts:2 src/base (floor 1) imports src/hub/hub.ts (floor 5), which is above it'],
  ],
  [
    'imports go down, or stay in their folder',
    'the transports that know a protocol',
    { 'src/transport/socket.ts': "export const a = await import('../protocol/hub/json.ts');\n" },
    ['src/transport/socket.ts:1 src/transport (floor 2) imports src/protocol/hub/json.ts (floor 2), which is beside it'],
  ],
  [
    'imports go down, or stay in their folder',
    'a protocol that knows the transports, through a type in place',
    { 'src/protocol/hub/json.ts': "export type S = import('../../transport/socket.ts').WebSocket;\n" },
    ['src/protocol/hub/json.ts:1 src/protocol/hub (floor 2) imports src/transport/socket.ts (floor 2), which is beside it'],
  ],
  [
    'imports go down, or stay in their folder',
    'a conformance suite that looks into the hub',
    { 'src/conformance/suite.ts': "export * from '../hub/hub.ts';\n" },
    ['src/conformance/suite.ts:1 src/conformance (floor 5) imports src/hub/hub.ts (floor 5), which is beside it'],
  ],
  [
    'imports go down, or stay in their folder',
    'a folder without a floor, and a file that is not there',
    { 'src/drawer/odds.ts': '', 'src/hub/name.ts': "import '../drawer/odds.ts';\nimport './gone.ts';\n" },
    [
      'src/hub/name.ts:1 imports src/drawer/odds.ts, which lies on no floor',
      'src/hub/name.ts:2 imports ./gone.ts, which does not exist',
      'src/drawer/odds.ts:1 lies on no floor',
    ],
  ],
  [
    'imports go down, or stay in their folder',
    'source that imports a test',
    { 'src/hub/name.ts': "import '../../test/hub/hub.test.ts';\n" },
    ['src/hub/name.ts:1 imports test/hub/hub.test.ts, which lies on no floor'],
  ],
  [
    'no import cycles, types included',
    'a cycle of a value and a type',
    { 'src/hub/name.ts': "\nimport type { hub } from './hub.ts';\nexport type Hub = typeof hub;\n" },
    ['src/hub/name.ts:2 closes a cycle: src/hub/hub.ts -> src/hub/name.ts -> src/hub/hub.ts'],
  ],
  [
    'no import cycles, types included',
    'a test that imports itself',
    { 'test/hub/hub.test.ts': "export * from './hub.test.ts';\n" },
    ['test/hub/hub.test.ts:1 closes a cycle: test/hub/hub.test.ts -> test/hub/hub.test.ts'],
  ],
  [
    'each package is imported by the one folder that needs it',
    'a package in the wrong folder, an unknown one, and a module of Node without its scheme',
    { 'src/hub/name.ts': "import type { WebSocket } from 'ws';\nimport 'left-pad';\nimport 'fs';\nimport 'node:fs';\n" },
    [
      'src/hub/name.ts:1 imports the package ws, which is not for src/hub',
      'src/hub/name.ts:2 imports the package left-pad, which is not for src/hub',
      'src/hub/name.ts:3 imports the package fs, which is not for src/hub',
    ],
  ],
  [
    'each package is imported by the one folder that needs it',
    'a package of types that is loaded',
    { 'src/hub/hub.ts': "import { type Schema } from '@standard-schema/spec';\nexport type S = Schema;\n" },
    ['src/hub/hub.ts:1 imports @standard-schema/spec at runtime; only its types are for use here'],
  ],
  [
    'each package is imported by the one folder that needs it',
    'the official client beside client.ts, and an import that nobody can know',
    { 'src/index.ts': "export type { HubConnection } from '@microsoft/signalr';\nexport const a = await import(String(1));\n" },
    [
      'src/index.ts:1 imports the package @microsoft/signalr, which is not for src',
      'src/index.ts:2 imports the package (computed), which is not for src',
    ],
  ],
  [
    'each package is imported by the one folder that needs it',
    'a protocol that reads files',
    { 'src/protocol/hub/json.ts': "import { readFileSync } from 'node:fs';\nexport { readFileSync };\n" },
    ['src/protocol/hub/json.ts:1 imports node:fs: src/protocol/hub is pure'],
  ],
  [
    'protocols are pure',
    'a timer and a clock, but not properties of these names',
    {
      'src/protocol/hub/json.ts':
        'export const at: number = Date.now();\nexport const day = new Date(0);\nsetTimeout(() => {});\nexport const a = { process: 1 };\nexport const b: number = a.process;\n',
    },
    ['src/protocol/hub/json.ts:1 uses Date.now: a protocol is pure', 'src/protocol/hub/json.ts:3 uses setTimeout: a protocol is pure'],
  ],
  [
    'the client loads nothing',
    'an import that the compiler keeps, and a global of Node',
    {
      'src/client.ts':
        "import { type HubConnection } from '@microsoft/signalr';\nimport './base/bytes.ts';\nexport const a = Buffer.alloc(0);\n",
    },
    [
      'src/client.ts:1 loads @microsoft/signalr: only `import type` here',
      'src/client.ts:2 loads ./base/bytes.ts: only `import type` here',
      'src/client.ts:3 uses Buffer, which browsers lack',
    ],
  ],
  ['the client loads nothing', 'no client', { 'src/client.ts': undefined }, ['src/client.ts:1 is missing']],
  [
    'files are short',
    'a module of the library and a test, one line too long',
    { 'src/base/bytes.ts': statements(401), 'test/base/bytes.test.ts': statements(401), 'src/hub/name.ts': statements(400) },
    ['src/base/bytes.ts:401 has 401 lines; 400 are allowed', 'test/base/bytes.test.ts:401 has 401 lines; 400 are allowed'],
  ],
  [
    'functions are short',
    'a method and an arrow function of 61 lines, beside one of 60',
    {
      'src/base/bytes.ts': `class A {\n  a() {\n${statements(59)}}\n}\nexport const b = () => {\n${statements(59)}};\nfunction c() {\n${statements(58)}}\n`,
    },
    [
      'src/base/bytes.ts:2 begins a function of 61 lines; 60 are allowed',
      'src/base/bytes.ts:64 begins a function of 61 lines; 60 are allowed',
    ],
  ],
  [
    'names say what a thing is',
    'a drawer, a manager, an Impl and an interface with an I',
    {
      'docs/misc/notes.md': '',
      'test/hub/testHelpers.ts': '',
      'src/hub/name.ts': 'class HubManager {}\ninterface IHub {}\ntype Common = HubImpl;\nfunction implement() {}\n',
    },
    [
      'docs/misc/notes.md:1 is named "misc": say what it is',
      'test/hub/testHelpers.ts:1 is named "helpers": say what it is',
      'src/hub/name.ts:1 declares HubManager: say what it is',
      'src/hub/name.ts:2 declares IHub: say what it is',
      'src/hub/name.ts:3 declares Common: say what it is',
    ],
  ],
  [
    'the project speaks of itself alone',
    'paths of a machine and outside the project in a test, and how things were made in a page',
    { 'test/hub/hub.test.ts': `\nread('${checkout}main', '${outside}');\n`, 'README.md': `Fixes ${origin}2.\n` },
    [
      `README.md:1 says "${origin}": how the project was made`,
      `test/hub/hub.test.ts:2 says "${checkout}": a path of one machine`,
      `test/hub/hub.test.ts:2 says "${outside}": a path outside the project`,
    ],
  ],
  [
    'every folder of src has tests',
    'a folder whose tests are elsewhere',
    { 'test/protocol/hub/json.test.ts': undefined, 'test/protocol/json.test.ts': '' },
    ['src/protocol/hub/json.ts:1 has no test below test/protocol/hub/'],
  ],
  [
    'what is exported exists',
    'an export without a source, and an entry without an export',
    { 'src/index.ts': undefined, 'src/extra.ts': '' },
    [
      'package.json:3 exports ./dist/index.d.ts, but there is no src/index.ts',
      'package.json:3 exports ./dist/index.js, but there is no src/index.ts',
      'src/extra.ts:1 lies where entries lie, but package.json does not export it',
    ],
  ],
  ['ARCHITECTURE.md shows every floor', 'no map', { 'ARCHITECTURE.md': undefined }, ['ARCHITECTURE.md:1 is missing']],
  [
    'ARCHITECTURE.md shows every floor',
    'a folder left out, one on a wrong floor, and one that is gone',
    { 'ARCHITECTURE.md': floors('1 base', '2 protocol', '2 transport', '3 backplane', '4 hub', '4 redis', '6 *.ts') },
    [
      'ARCHITECTURE.md:1 has no row | 5 | `src/hub` |',
      'ARCHITECTURE.md:1 has no row | 5 | `src/conformance` |',
      'ARCHITECTURE.md:7 has | 4 | `src/hub` |, which is not so',
      'ARCHITECTURE.md:8 has | 4 | `src/redis` |, which is not so',
    ],
  ],
  [
    'docs/dependencies.md explains every dependency',
    'no page',
    { 'docs/dependencies.md': undefined },
    ['docs/dependencies.md:1 is missing'],
  ],
  [
    'docs/dependencies.md explains every dependency',
    'a new dependency',
    manifest('"ws": "8.0.0"', '"ws": "8.0.0",\n    "left-pad": "1.0.0"'),
    ['package.json:18 has left-pad: docs/dependencies.md does not say why'],
  ],
  [
    'docs/dependencies.md explains every dependency',
    'a version that moved, and one that is not pinned',
    manifest('"4.0.0"', '"^4.1.0"'),
    ['package.json:20 has vitest ^4.1.0: pin one version', 'docs/dependencies.md:6 says vitest 4.0.0; package.json says ^4.1.0'],
  ],
  [
    'docs/dependencies.md explains every dependency',
    'a dependency that left',
    manifest('"ws"', '"uws"'),
    [
      'package.json:17 has uws: docs/dependencies.md does not say why',
      'docs/dependencies.md:5 says ws 8.0.0; package.json says nothing of it',
    ],
  ],
  ['the lock file is whole', 'no lock file', { 'package-lock.json': undefined }, ['package-lock.json:1 is missing']],
  [
    'the lock file is whole',
    'a platform left out, and a dependency that it does not know of',
    {
      'package-lock.json': lock({ 'node_modules/vitest': { optionalDependencies: { native: '1.0.0' } } }),
      ...manifest('"vitest": "4.0.0"', '"vitest": "4.1.0"'),
    },
    [
      'package-lock.json:11 lacks native, which node_modules/vitest may need',
      'package-lock.json:1 has other devDependencies than package.json',
    ],
  ],
  [
    'pages of compatibility link to tests that exist',
    'verdicts and titles',
    {
      'docs/compatibility.md': [
        '| a | b |',
        '| a | no table of tests |',
        '',
        '| feature | Signalbox | tested by |',
        '| --- | --- | --- |',
        '| sends | same | [it sends](../test/hub/hub.test.ts) |',
        '| gone | absent: nobody asked | |',
        '| lost | same | |',
        '| odd | maybe | [it sends](../test/hub/hub.test.ts) |',
        '| file | better: more | [it sends](../test/hub/other.test.ts) |',
        '| title | same | [it sends](../test/hub/hub.test.ts), [it stays](../test/hub/hub.test.ts) |',
        '| part | same | [sends](../test/hub/hub.test.ts) |',
        '| how | better | [it sends](../test/hub/hub.test.ts) |',
        '| columns | here | same | [it sends](../test/hub/hub.test.ts) |',
        '| in part | same, where it is asked for | [one \\[of two\\]](../test/hub/hub.test.ts) |',
        '| types | same | [a number](../test/types/wrong.ts) |',
      ].join('\n'),
      'docs/service-compatibility.md': [
        '| claim | compared | tested by |',
        '| --- | --- | --- |',
        '| kept | same | [Somebody calls.](../test/vectors/calls.json) |',
        '| lost | same | [Somebody sings.](../test/vectors/calls.json) |',
      ].join('\n'),
      'test/vectors/calls.json': '{ "about": "Somebody calls." }',
      'test/hub/hub.test.ts': "test('it sends', () => {});\ntest.each(['one [of two]'])('%s', () => {});\n",
      'test/types/wrong.ts': '// @ts-expect-error a number\nexport const text: string = 1;\n',
    },
    [
      "docs/compatibility.md:8 links 'lost' to no test",
      "docs/compatibility.md:9 does not say whether 'odd' is the same, better or absent",
      "docs/compatibility.md:10 links 'file' to test/hub/other.test.ts, which does not exist",
      "docs/compatibility.md:11 links 'title' to 'it stays', which test/hub/hub.test.ts does not have",
      "docs/compatibility.md:12 links 'part' to 'sends', which test/hub/hub.test.ts does not have",
      "docs/compatibility.md:13 does not say whether 'how' is the same, better or absent",
      "docs/compatibility.md:14 has other columns for 'columns' than its table",
      "docs/service-compatibility.md:4 links 'lost' to 'Somebody sings.', which test/vectors/calls.json does not have",
    ],
  ],
  ['SECURITY.md gives every limit as it is', 'no page', { 'SECURITY.md': undefined }, ['SECURITY.md:1 is missing']],
  [
    'SECURITY.md gives every limit as it is',
    'a default that changed, one of another option, and an option that left',
    { 'SECURITY.md': '| `most` | 100 |\n| `longest` | 1,000 |\n| `gone` | 5 |\n' },
    [
      "SECURITY.md:1 says most is 100, but no option's comment does",
      "SECURITY.md:2 says longest is 1,000, but no option's comment does",
      "SECURITY.md:3 says gone is 5, but no option's comment does",
    ],
  ],
  [
    'pages name scripts and files that exist',
    'a script and a file that are gone',
    { 'docs/dependencies.md': 'Run `npm run --silent bulid`.\nSee [the map](../MAP.md#floors) and [the house](../ARCHITECTURE.md).\n' },
    [
      'docs/dependencies.md:1 names "npm run --silent bulid", which package.json lacks',
      'docs/dependencies.md:2 links to MAP.md, which does not exist',
    ],
  ],
];

describe('the rules of the house', () => {
  test.each(Object.entries(rules))('%s: nothing is found in a house in order', (_name, rule) => {
    expect(rule(treeOf()).map(shown)).toEqual([]);
  });

  test.each(cases)('%s: finds %s', (name, _what, changes, found) => {
    expect(rules[name](treeOf(changes)).map(shown)).toEqual(found);
  });

  test('each rule is shown to fail', () => {
    expect([...new Set(cases.map(([name]) => name))].toSorted()).toEqual(Object.keys(rules).toSorted());
  });
});
