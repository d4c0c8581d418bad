import { fileURLToPath } from 'node:url';

/** What the service under test runs on as a process of its own: Node, or Bun with TEST_RUNTIME=bun. */
export type Runtime = 'node' | 'bun';

interface Bun {
  readonly BUN_VERSION: string;
  readonly findBun: () => string | null;
  readonly BUN_OPTIONS: readonly string[];
  readonly BUN_ENVIRONMENT: Readonly<Record<string, string>>;
}

const SCRIPT = new URL('../../scripts/bun.mjs', import.meta.url).href;
export const { BUN_VERSION, findBun, BUN_OPTIONS, BUN_ENVIRONMENT } = (await import(SCRIPT)) as Bun;

export const BUN_IS_THERE = findBun() !== null;

/** How Bun gets there. */
export const HOW_TO_INSTALL = '"RUNTIME=bun npm start" installs it';

export const TEST_RUNTIME = runtimeOf(process.env['TEST_RUNTIME'] ?? 'node');

/** Service and command line in one, by `npm run compile`. */
export const ONE_FILE = fileURLToPath(new URL('../../dist/evercount', import.meta.url));

/** The arguments that run a program of JavaScript begin with these. */
export function commandOf(runtime: Runtime = TEST_RUNTIME): [string, ...string[]] {
  if (runtime === 'node') return [process.execPath];
  const bun = findBun();
  if (bun === null) throw new Error(`Bun is not installed; ${HOW_TO_INSTALL}`);
  return [bun, ...BUN_OPTIONS];
}

export function environmentOf(runtime: Runtime = TEST_RUNTIME): Readonly<Record<string, string>> {
  return runtime === 'node' ? {} : BUN_ENVIRONMENT;
}

function runtimeOf(text: string): Runtime {
  if (text === 'node' || text === 'bun') return text;
  throw new Error(`TEST_RUNTIME is node or bun, not "${text}"`);
}
