import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { throws } from './scripts/lint/throws.mjs';

const ways = [
  'api',
  'jobs',
  'stream',
  'history',
  'operations',
  'sharing',
  'insight',
  'health',
  'metrics',
  'dashboard',
  'resp',
  'cli',
  // A program of its own.
  'edge',
];

/** Of them, those over HTTP stand on web/, the line protocols on wire/. */
const shared = ['web', 'wire'];
const above = [...ways, ...shared, 'outgoing', 'workers', 'process'];

/** Arrows point down only: ways in -> web | wire -> access -> counters -> store | cache -> config, domain. */
const zones = [
  // Ways in never import each other.
  ...ways.map((way) => ({
    target: `./src/${way}`,
    from: ways.filter((other) => other !== way).map((other) => `./src/${other}`),
  })),
  // Whole services as processes: what is in one does not know whether it is one of several.
  ...[...ways, ...shared, 'outgoing'].map((room) => ({ target: `./src/${room}`, from: './src/workers' })),
  // Nor how its process begins and ends; an edge is a program itself.
  ...[...ways.filter((way) => way !== 'edge'), ...shared, 'outgoing', 'workers'].map((room) => ({
    target: `./src/${room}`,
    from: './src/process',
  })),
  // It runs where there is no truth and no copy.
  { target: './src/edge', from: ['./src/counters', './src/store', './src/cache', './src/access', './src/embedded'] },
  // What ways in share knows none of them, nor each other.
  { target: './src/web', from: [...ways, 'wire', 'store', 'cache'].map((room) => `./src/${room}`) },
  { target: './src/wire', from: [...ways, 'web', 'store', 'cache'].map((room) => `./src/${room}`) },
  // What leaves by itself knows nobody who comes in.
  { target: './src/outgoing', from: [...ways, ...shared, 'access'].map((room) => `./src/${room}`) },
  // Who may do what is asked by every way in, and knows none of them, nor what they are written in.
  { target: './src/access', from: above.map((room) => `./src/${room}`) },
  // The rules know neither a way in nor who comes through it.
  { target: './src/counters', from: [...above, 'access'].map((room) => `./src/${room}`) },
  // Truth and copy know neither each other nor what is above them.
  {
    target: './src/store',
    from: [...above, 'access', 'counters', 'cache', 'embedded'].map((room) => `./src/${room}`),
  },
  {
    target: './src/cache',
    from: [...above, 'access', 'counters', 'store', 'embedded'].map((room) => `./src/${room}`),
  },
  // The ground floor stands on nothing.
  {
    target: './src/domain',
    from: './src',
    except: ['./domain'],
  },
  // Everybody's numbers go there, and it knows nobody.
  {
    target: './src/meters',
    from: [...above, 'access', 'counters', 'store', 'cache', 'config', 'embedded'].map((room) => `./src/${room}`),
  },
  {
    target: './src/config',
    from: [...above, 'access', 'counters', 'store', 'cache', 'embedded'].map((room) => `./src/${room}`),
  },
  { target: './src/embedded', from: [...above, 'access', 'counters', 'store', 'cache'].map((room) => `./src/${room}`) },
];

const nestExceptions = {
  group: ['@nestjs/common'],
  importNamePattern: 'Exception$',
  message: 'Throw an error of the domain, or a ProblemError.',
};

export default tseslint.config(
  { ignores: ['**/dist', 'node_modules', '.data', '.demo', 'coverage'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  prettier,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX, evercount: { rules: { throws } } },
    settings: {
      'import-x/extensions': ['.ts', '.tsx', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } })],
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Nest's modules are classes that hold only a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // The slices of the configuration are classes only to be injection tokens.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Libraries type callbacks whose promise they await as returning void.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { properties: false } }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Packages cannot import us; following them took a third of the time.
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { zones }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // What cannot be done is said in words of the domain, or by a problem of web/; only web/ knows what Nest throws.
    files: ['src/**'],
    ignores: ['src/web/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [nestExceptions] }] },
  },
  {
    files: ['src/**/*.ts', 'client/src/**/*.ts'],
    rules: { 'evercount/throws': 'error' },
  },
  {
    // Who may do what is decided for every protocol alike.
    files: ['src/access/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: ['fastify', 'node:http', 'http', '@nestjs/platform-fastify'], patterns: [nestExceptions] },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
      },
    },
  },
  {
    // Pages, which browsers run as they are.
    files: ['examples/**/*.js'],
    languageOptions: { globals: { document: 'readonly', location: 'readonly', crypto: 'readonly' } },
  },
);
