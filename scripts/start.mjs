/**
 * `npm start`: installs and builds what is missing, then is the service: in this very process, so that signals reach
 * it. With RUNTIME=bun the service is a child of this process, which passes signals on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { BUN_ENVIRONMENT, BUN_OPTIONS, ensureBun } from './bun.mjs';
import { prepare, ROOT, say } from './setup.mjs';

const RUNTIMES = ['node', 'bun'];

/** EX_CONFIG of sysexits.h, as the service has it. */
const EXIT_CONFIG = 78;

const runtime = process.env.RUNTIME || 'node';
if (!RUNTIMES.includes(runtime)) {
  say(`RUNTIME: "${runtime}" is none; it is ${RUNTIMES.join(' or ')}, and node without it`);
  process.exit(EXIT_CONFIG);
}
await prepare();
if (runtime === 'bun') process.exitCode = await runOnBun();
else await import('../dist/main.js');

/** Runs the service to its end; answers its exit code. */
async function runOnBun() {
  const bun = await ensureBun();
  if (bun === null) return 1;
  const child = spawn(bun, [...BUN_OPTIONS, join(ROOT, 'dist', 'main.js')], {
    env: { ...BUN_ENVIRONMENT, ...process.env },
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await once(child, 'exit');
  return code ?? 128 + constants.signals[signal];
}
