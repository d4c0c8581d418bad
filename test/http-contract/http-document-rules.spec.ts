/** The document by the rules of others, to which generators of clients and portals hold it. Nothing is asked of the network. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CALLS } from '../../src/calls.js';
import { healthCalls } from '../../src/health/health.calls.js';
import { openApiDocument } from '../../src/web/openapi/document.js';
import { scratchFolder } from '../support/scratch.js';

let whole: string;
let faulty: string;
beforeAll(async () => {
  const folder = await scratchFolder();
  whole = join(folder, 'whole.json');
  faulty = join(folder, 'faulty.json');
  await writeFile(whole, JSON.stringify(openApiDocument('', CALLS)));
  const twice = healthCalls.map((call) => ({ ...call, id: 'same', description: '', path: { none: NO_PART } }));
  await writeFile(faulty, JSON.stringify(openApiDocument('', twice)));
});

const NO_PART = { description: 'In no path.', example: '' };

const ENVIRONMENT = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

/** What a program of Node prints. It may end with 1, which says that there are findings. */
function printed(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...ENVIRONMENT };
    execFile(process.execPath, args, { env, maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => resolve(stdout));
  });
}

async function redocly(file: string): Promise<string[]> {
  const cli = 'node_modules/@redocly/cli/bin/cli.js';
  const json = await printed([cli, 'lint', file, '--extends=recommended-strict', '--format=json']);
  const { problems } = JSON.parse(json) as { problems: { ruleId: string; message: string; location: unknown }[] };
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${JSON.stringify(location)}`);
}

async function spectral(file: string): Promise<string[]> {
  return JSON.parse(await printed(['test/support/spectral.mjs', file])) as string[];
}

describe.each([
  ['Redocly', redocly, 'path-parameters-defined'],
  ['Spectral', spectral, 'path-params'],
])("by %s's rules", (_, findingsIn, rule) => {
  it('there is nothing to be said of it', async () => {
    expect(await findingsIn(whole)).toEqual([]);
  });

  it('there would be, were it faulty', async () => {
    expect(await findingsIn(faulty)).toEqual(expect.arrayContaining([expect.stringContaining(rule)]));
  });
});
