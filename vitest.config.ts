import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = fileURLToPath(new URL('./src/', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^signalbox$/, replacement: `${source}index.ts` },
      { find: /^signalbox\/(client|jwt|protocol|redis|service|conformance|opentelemetry|prometheus)$/, replacement: `${source}$1.ts` },
    ],
  },
  test: {
    // A process for each file: servers, sockets and the crash of one file stay its own.
    pool: 'forks',
    // The default, one less than there are, would leave a machine of two cores with one.
    maxWorkers: Number(process.env['TEST_WORKERS'] ?? Math.max(2, availableParallelism() - 1)),
    // A test that passes at the second try has found something.
    retry: 0,
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**'],
          testTimeout: 15_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          // After the fast tests: builds and browsers would take the time that those measure.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
