import { TYPESCRIPT } from './scripts/typescript.mjs';

const typescript = ['@swc/jest', { ...TYPESCRIPT, sourceMaps: 'inline' }];
// Jest's own require() cannot load an ES module before Node 24.9; these two packages are required by CommonJS ones.
const requiredEsm = 'cookie|content-disposition';
const base = {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  transform: {
    '^.+\\.ts$': typescript,
    [`/node_modules/(${requiredEsm})/.+\\.js$`]: [
      '@swc/jest',
      { swcrc: false, jsc: { target: 'es2023', parser: { syntax: 'ecmascript' } } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${requiredEsm})/)`],
};

export default {
  // Specs wait for their servers more than they compute: one for each core keeps them busy.
  maxWorkers: '100%',
  workerIdleMemoryLimit: '512MB',
  testSequencer: './test/support/longest-first.mjs',
  // Nothing is measured by it: it ends what hangs, on a machine as busy as may be.
  testTimeout: 180_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', 'client/src/**/*.ts', '!src/**/*.spec.ts', '!src/{main,start}.ts'],
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['src', 'bench', 'test'].map((folder) => `<rootDir>/${folder}/**/*.spec.ts`),
    },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'] },
  ],
};
