/** What this machine says of programs that are installed on it. */
import { spawnSync } from 'node:child_process';

/** The folders in which a shell looks for programs, in its order. */
export function foldersOnPath(): string[] {
  return (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
}

/**
 * What a program prints of its version; nothing where it does not run here: it is another machine's, or its libraries are
 * missing.
 *
 * @param environment that it needs beside this process's own
 */
export function versionText(path: string, environment: Readonly<Record<string, string>>): string {
  const { stdout } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout;
}
