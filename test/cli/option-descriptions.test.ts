import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { optionDescriptions } from '../../src/cli/option-descriptions.ts';
import { settableOptions } from '../../src/cli/option-settings.ts';
import { clusterOptions } from '../../src/cluster/options.ts';
import { serviceLimitOptions } from '../../src/service/limit-options.ts';
import { serviceOptions } from '../../src/service/options.ts';
import { meteringOptions } from '../../src/metering/options.ts';
import { connectionOptions } from '../../src/transport/options.ts';
import { described, parts, source, type TableOption } from '../hub/options-page.ts';

const { limits: ___, metering: _, nodes: __, ...ownOptions } = serviceOptions;
const prefixed = (prefix: string, options: readonly TableOption[]): readonly (readonly [string, string])[] =>
  options.map(({ path, comment }) => [`${prefix}.${path}`, parts(comment).text]);

const commented = new Map([
  ...prefixed('service', described(source('service/options.ts'), ownOptions)),
  ...prefixed('service.limits', described(source('service/limit-options.ts'), serviceLimitOptions)),
  ...prefixed('service.metering', described(source('metering/options.ts'), meteringOptions)),
  ...prefixed('service.nodes', described(source('cluster/options.ts'), clusterOptions)),
  ...prefixed('clients', described(source('transport/options.ts'), connectionOptions)),
]);

const entries = settableOptions.map(({ name }) => `${JSON.stringify(name)}: ${JSON.stringify(commented.get(name))},`);
const module = `/**
 * What the options do that are settings of \`signalbox serve\`, made of the comments in the tables of options, which a program can't read:
 * \`npx vitest run --project fast test/cli/option-descriptions.test.ts -u\`.
 */
export const optionDescriptions: Readonly<Record<string, string>> = {${entries.join('\n')}};
`;

describe('src/cli/option-descriptions.ts', () => {
  test('is made of the comments of the options', async () => {
    const file = new URL('../../src/cli/option-descriptions.ts', import.meta.url).pathname;
    const formatted = await format(module, { ...(await resolveConfig(file)), parser: 'typescript' });
    await expect(formatted).toMatchFileSnapshot(file);
  });

  test.each(settableOptions)('has a sentence for $name', ({ name }) => {
    expect(optionDescriptions[name]).toMatch(/^[A-Z].*\w[.)`]*$/);
  });
});
