/** The service as it was, built from this repository's history: with today's packages, whose versions are near enough. */
import { execFile, spawnSync } from 'node:child_process';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratchFolder } from './scratch.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const run = promisify(execFile);

export interface EarlierVersion {
  /** For Node, in place of `dist/main.js`. */
  readonly main: string;
  remove(): Promise<void>;
}

/** Whether the history has it: a clone may be shallow. */
export function isInHistory(commit: string): boolean {
  return spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT, stdio: 'ignore' }).status === 0;
}

/** @throws where it cannot be built */
export async function buildEarlier(commit: string): Promise<EarlierVersion> {
  const folder = await scratchFolder();
  const archive = join(folder, 'sources.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: ROOT });
  await run('tar', ['xf', archive, '-C', folder]);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await run(process.execPath, ['scripts/build.mjs'], { cwd: folder });
  return { main: join(folder, 'dist', 'main.js'), remove: () => rm(folder, { recursive: true }) };
}
