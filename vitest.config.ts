import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Real processes: a native module or a signal in one test file cannot reach another.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A forgotten server or timer fails the run instead of hanging it.
    teardownTimeout: 10_000,
  },
});
