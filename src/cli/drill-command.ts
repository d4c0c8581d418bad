import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Drill, type DrillOptions, type DrillReport, type Phase } from './drill.js';
import { CallFailed, ServiceCalls } from './service-calls.js';

const HELP = `evercount drill [options]
Shows on a running deployment what a lost cache costs: nothing is counted wrong, and how long reads are slower.
Real counters are only read; the load is put on counters of its own, which are removed afterwards.
  --url url        of the deployment, http://127.0.0.1:3000 by default
  --key key        an API key with the scopes read, write and admin, where access is on
  --key-file path  the same, from a file: arguments can be seen by others on this machine
  --sample n       counters to compare, 1000 by default
  --seconds n      load before the flush and after it, 5 by default
  --wait           flush Redis by hand instead, in whatever way is to be tried
  --json           the report as JSON
`;

const DEFAULTS = { url: 'http://127.0.0.1:3000', sample: '1000', seconds: '5' };

/**
 * The operator's flush drill.
 *
 * @param args of the command line
 * @param print takes lines for the operator
 * @returns exit code: 0 passed; 1 something was wrong, or did not recover; 2 it could not be run
 */
export async function drillCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  let request: Request;
  try {
    request = await requestIn(args);
  } catch (error) {
    // A wrong option, or a file that cannot be read: the message is all that is needed.
    print(error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error));
    return 2;
  }
  const { help, json, url, key, options } = request;
  if (help) {
    print(HELP);
    return 0;
  }
  try {
    const report = await new Drill(new ServiceCalls(url, key), options, json ? () => undefined : print).run();
    print(json ? JSON.stringify(report, null, 2) : textOf(report));
    return report.passed ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    print(error.message);
    return 2;
  }
}

interface Request {
  readonly help: boolean;
  readonly json: boolean;
  readonly url: string;
  readonly key: string | null;
  readonly options: DrillOptions;
}

async function requestIn(args: readonly string[]): Promise<Request> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string', default: DEFAULTS.url },
      key: { type: 'string' },
      'key-file': { type: 'string' },
      sample: { type: 'string', default: DEFAULTS.sample },
      seconds: { type: 'string', default: DEFAULTS.seconds },
      wait: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { url, help, json, wait } = values;
  if (!URL.canParse(url)) throw new Error(`--url takes a URL, and got "${url}"`);
  const file = values['key-file'];
  const key = file === undefined ? (values.key ?? null) : (await readFile(file, 'utf8')).trim();
  const sample = wholeNumber('--sample', values.sample);
  const phaseMs = wholeNumber('--seconds', values.seconds) * 1_000;
  return { help, json, url, key, options: { sample, phaseMs, waitForFlush: wait } };
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`${option} takes a whole number above 0, and got "${text}"`);
  return number;
}

function textOf(report: DrillReport): string {
  const { compared, wrong, warmAfterMs, before, during, after, peakPostgresReads, increments } = report;
  return [
    '',
    `compared            ${compared} counters, and ${increments} increments of this drill`,
    `wrong               ${wrong.length}`,
    `warm again after    ${warmAfterMs === null ? 'more than a minute' : `${(warmAfterMs / 1000).toFixed(2)} s`}`,
    `reads before        ${latencies(before)}`,
    `reads during        ${latencies(during)}`,
    `reads after         ${latencies(after)}`,
    `read from Postgres  ${peakPostgresReads} in the worst second, of this drill's reads`,
    ...wrong.map((sentence) => `  ${sentence}`),
    '',
    `verdict: ${report.passed ? 'passed' : 'FAILED'}`,
  ].join('\n');
}

function latencies({ reads, p50Ms, p99Ms, unanswered }: Phase): string {
  const ms = (time: number | null): string => (time === null ? '-' : `${time.toFixed(1)} ms`);
  return `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, ${reads} reads, ${unanswered} not answered`;
}
