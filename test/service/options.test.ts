import { describe, expect, test } from 'vitest';
import type { OptionTable } from '../../src/base/option-table.ts';
import { clusterOptions } from '../../src/cluster/options.ts';
import { meteringOptions } from '../../src/metering/options.ts';
import { closeOptions } from '../../src/service/close-options.ts';
import { serviceLimitOptions } from '../../src/service/limit-options.ts';
import { serviceOptions } from '../../src/service/options.ts';
import { described, members, page, parts, source } from '../hub/options-page.ts';
import { ServiceRig } from './rig.ts';

const { nodes: _, metering: __, limits: ___, ...ownOptions } = serviceOptions;
const own = described(source('service/options.ts'), ownOptions);
const below = (name: string, file: string, table: OptionTable): ReturnType<typeof described> =>
  described(source(file), table).map(({ path, comment, option }) => ({ path: `${name}.${path}`, comment, option }));
const nodes = below('nodes', 'cluster/options.ts', clusterOptions);
const metering = below('metering', 'metering/options.ts', meteringOptions);
const close = described(source('service/close-options.ts'), closeOptions);
const limits = below('limits', 'service/limit-options.ts', serviceLimitOptions);
const options = [...own, ...limits, ...metering, ...nodes];

const INTRODUCTION = `# Options of the service

All of them are given to \`new Service(options)\`, but for the last table. Times are milliseconds, sizes are bytes. A value that an option does not take throws \`SIGNALBOX_INVALID_OPTION\`. What each
limit protects stands in [SECURITY.md](../SECURITY.md#the-service).

This page is made of the option table in the source, by \`npx vitest run --project fast test/service/options.test.ts -u\`.
`;

const servicePage = [
  INTRODUCTION,
  page('Keys, clients and surroundings', members('service/service.ts', 'ServiceOptions')),
  page('App servers and clients', own),
  page('Limits', limits),
  page('Metering', metering),
  page('Nodes', nodes),
  page('Stopping, of `close(options)`', close),
].join('');

describe('docs/service-options.md', () => {
  test('is made of the option table', async () => {
    await expect(servicePage).toMatchFileSnapshot('../../docs/service-options.md');
  });

  test.each([...options, ...close])('and the comment of $path tell its default', ({ comment, option }) => {
    const { byDefault } = parts(comment);
    const value = option.byDefault;
    expect(byDefault).toBe(typeof value === 'number' ? value.toLocaleString('en-US') : String(value));
  });

  test.each(options)('$path is refused by name when it is no value of its kind', async ({ path, option }) => {
    expect(option.accepts(option.byDefault)).toBe(true);
    const wrong = Symbol('no value of any option');
    const given = path.split('.').reduceRight<unknown>((value, name) => ({ [name]: value }), wrong);
    await expect(ServiceRig.start(given as object)).rejects.toThrow(path);
  });

  test.each([
    ['no object', 7],
    ['a list', []],
    ['a hub with no limits', { chat: null }],
    ['an option that there is not', { chat: { hub: { client: 5 } } }],
    ['a group that there is not', { chat: { service: { clients: 5 } } }],
    ['a value that is none', { chat: { user: { connections: 0 } } }],
    ['a size that is none', { chat: { messageSize: '1 KB' } }],
  ])('limits of single hubs are refused where they are %s', async (_name, hubs) => {
    await expect(ServiceRig.start({ limits: { hubs: hubs as never } })).rejects.toThrow('limits.hubs');
  });
});
