/** Every variable is in the table of docs/deployment.md, with the default that it has, and nothing else is. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { loadConfig } from './config.js';
import { VARIABLE_NAMES } from './variables.js';

const DOCS = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8');
const [, section = ''] = DOCS.split('\n## Variables\n');
const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));

/** The variables that the first cell of a row names; `…_KEY` goes on from the one before. */
function variablesOf(row: string): string[] {
  const names = [...(row.split('|')[1] ?? '').matchAll(/`([A-Z…_]+)`/g)].map(([, name = '']) => name);
  return names.map((name, at) => {
    if (!name.startsWith('…')) return name;
    return (names[at - 1] ?? '').replace(/_[A-Z]+$/, name.slice(1));
  });
}

it('every variable has its place in the table, once, and every name there is a variable', () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.flatMap(variablesOf).sort()).toEqual([...VARIABLE_NAMES].sort());
});

/** Variables with a default that is a value. */
const defaults = rows.flatMap((row) => {
  const values = [...(row.split('|')[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, value = '']) => value);
  const names = variablesOf(row);
  if (values.length !== names.length) return [];
  return names.flatMap((name, at) => {
    const value = values[at] ?? '';
    return VARIABLE_NAMES.includes(value) ? [] : [[name, value] as const];
  });
});

const load = (environment: NodeJS.ProcessEnv) =>
  loadConfig({ DATABASE_URL: 'postgres://db/counts', REDIS_URL: 'redis://cache', ...environment }, () =>
    Promise.reject(new Error('has servers')),
  );

it.each(defaults)('%s is %s where nothing is said', async (name, value) => {
  const [said, unsaid] = await Promise.all([load({ [name]: value }), load({})]);
  // Whether a port was asked for is all that tells them apart.
  Object.assign(unsaid.resp, { isPortAsked: name === 'RESP_PORT' });
  expect(said).toEqual(unsaid);
});
