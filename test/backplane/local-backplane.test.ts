import { describe, test } from 'vitest';
import { LocalBackplane } from '../../src/backplane/local-backplane.ts';
import { backplaneCases } from '../../src/conformance/backplane-cases.ts';

describe('LocalBackplane', () => {
  for (const { name, run } of backplaneCases.filter(({ servers }) => servers === 1)) {
    test(name, () => run({ servers: [new LocalBackplane()] }));
  }
});
