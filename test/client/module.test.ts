import { readFile } from 'node:fs/promises';
import { parseSync } from 'oxc-parser';
import { expect, it } from 'vitest';

const file = new URL('../../src/client.ts', import.meta.url);

it('the client is one module for browsers: it imports types and nothing else', async () => {
  const { module } = parseSync('client.ts', await readFile(file, 'utf8'));
  const imported = module.staticImports.map(({ moduleRequest, entries }) => ({
    from: moduleRequest.value,
    values: entries.filter(({ isType }) => !isType).map(({ localName }) => localName.value),
    sideEffect: entries.length === 0,
  }));
  expect(imported).toEqual([
    { from: '@microsoft/signalr', values: [], sideEffect: false },
    { from: './hub/contract.ts', values: [], sideEffect: false },
  ]);
  expect(module.dynamicImports).toEqual([]);
});
