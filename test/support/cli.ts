/** `evercount` in this process, with what it printed. */
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../src/cli/program.js';
import { Terminal } from '../../src/cli/terminal.js';
import { BUCKETS_ENVIRONMENT } from './buckets.js';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** What standard input holds. */
  readonly input?: string;
  /** A person who answers each question with this. */
  readonly answer?: string;
}

/** Runs one command line to its end. */
export async function runCli(
  args: readonly string[],
  { env = {}, input = '', answer }: CliOptions = {},
): Promise<CliResult> {
  const person = answer !== undefined;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [stdout, stderr].map((stream) => {
    const chunks: string[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    return chunks;
  });
  const stdin = Object.assign(Readable.from([person ? `${answer}\n` : input]), { isTTY: person });
  const terminal = new Terminal({ stdin, stdout, stderr: Object.assign(stderr, { isTTY: person }) });
  const code = await run(args, { ...BUCKETS_ENVIRONMENT, ...env }, terminal);
  return { code, out: (out ?? []).join(''), err: (err ?? []).join('') };
}
