import cluster from 'node:cluster';

/** How a worker is told from a service that somebody else's cluster has forked. */
export const WORKER = 'worker';

/** Whether this process was forked to answer requests for one that commits. */
export function isWorker(): boolean {
  return cluster.isWorker && process.argv.includes(WORKER);
}
