import { expect, test } from 'vitest';
import { check } from './check.ts';
import type { Property } from './property.ts';
import { Residue } from './residue.ts';

const MOST_TIME = 60_000;
/** Resources that the test runner makes and drops at any time. `npm run fuzz` counts them. */
const RUNNERS = ['Timeout', 'PipeWrap', 'Immediate', 'FSReqPromise', 'FSReqCallback'];

/** The short form of properties: a few cases of each, from a new seed each time. */
export function testProperties(properties: readonly Property[]): void {
  test.each(properties.map((property): [string, Property] => [`${property.name}: ${property.title}`, property]))(
    '%s',
    { timeout: MOST_TIME },
    async (_, property) => {
      const tryCases = async (cases: number): Promise<void> => {
        const open = await property.open();
        try {
          const { failure } = await check(open, { cases, seed: Math.trunc(Math.random() * 2 ** 31) });
          expect(
            failure === undefined ? '' : `${failure.text}\nAgain: npm run fuzz -- --only ${property.name} --seed ${failure.seed}`,
          ).toBe('');
        } finally {
          await open.close();
        }
      };
      // What is made once is made now.
      await tryCases(property.few);
      const before = await Residue.measure();
      await tryCases(property.few);
      expect((await Residue.measure()).since(before, RUNNERS)).toEqual([]);
    },
  );
}
