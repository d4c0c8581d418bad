/** This working tree beside an earlier commit, in turns: each as a service with a database and a Redis of its own. */
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './child.js';
import { JUDGED_CONNECTIONS, type Contest } from './contest.js';
import { type Entrant, type Field, loadSubject } from './entrants.js';
import { itemsOf, nameOf, type Workload } from './load/workload.js';
import { seedByBatches } from './seed.js';
import { HOT, keyed, MANY, of } from './workloads.js';

/** An earlier commit, built in a folder of its own. */
export interface Earlier {
  readonly commit: string;
  readonly root: string;
  readonly remove: () => Promise<void>;
}

/** @throws Error where there is no such commit, or it cannot be built */
export async function buildEarlier(commit: string, say: (line: string) => void): Promise<Earlier> {
  const short = git('rev-parse', '--short', '--verify', `${commit}^{commit}`);
  const folder = await mkdtemp(join(tmpdir(), 'evercount-against-'));
  const root = join(folder, short);
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    git('worktree', 'prune');
  };
  try {
    git('worktree', 'add', '--detach', root, short);
    say(`Building ${short}`);
    if (lockOf(root) === lockOf(ROOT)) symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    else npm(root, 'ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
    npm(root, 'run', 'build');
    return { commit: short, root, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The workloads of the targets, each by both of them. */
export function againstContests(field: Field, earlier: Earlier): Contest[] {
  const workloads: [string, string, Workload][] = [
    ['hot', 'Increments of one hot counter', of('increment', HOT)],
    ['hot-keyed', 'Increments of one hot counter, a key each', keyed(of('increment', HOT))],
    ['many', 'Increments of 10,000 counters', of('increment', MANY)],
    ['batch', 'Increments of 10,000 counters in batches of 100', of('batch', MANY)],
    ['read', 'Cached reads of one counter', of('read', HOT)],
  ];
  return workloads.map(([key, title, workload]) => ({
    key,
    title,
    about: 'Shares are of the earlier commit.',
    judged: true,
    mostConnections: JUDGED_CONNECTIONS,
    entrants: [
      entrant(field, workload, { key: 'earlier', label: earlier.commit }, earlier.root),
      entrant(field, workload, { key: 'now', label: 'the working tree' }, ROOT),
    ],
  }));
}

function entrant(field: Field, workload: Workload, described: Pick<Entrant, 'key' | 'label'>, root: string): Entrant {
  const start = () => field.arena.separateService(described.key, { root });
  const subject = async () => (await start()).subject;
  const count = workload.names.kind === 'hot' ? 1 : workload.names.count;
  return {
    ...described,
    items: itemsOf(workload),
    prepare: async () =>
      seedByBatches(
        (await start()).url,
        Array.from({ length: count }, (_, index) => nameOf(index)),
      ),
    run: (connections, seconds) => loadSubject(field, subject, workload, connections, seconds),
  };
}

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

const lockOf = (root: string): string => readFileSync(join(root, 'package-lock.json'), 'utf8');
