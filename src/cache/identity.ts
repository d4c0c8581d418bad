import { createHash } from 'node:crypto';

/** The format of entries; another number makes every entry of the old format foreign. */
const FORMAT = 2;

/** 96 bits: two identities are never confused. */
const DIGEST_LENGTH = 24;

/** Which data an entry belongs to; the scripts compute the same digest from what Redis says of itself. */
export interface Identity {
  /** What this instance adds to the identity: format, epoch of the guard, database. */
  readonly text: string;
  /** Stands in every entry and lease. */
  readonly digest: string;
  /** Of the Redis, see `dataSetOf`; it has another one whenever it was a replica meanwhile. */
  readonly dataSet: string;
}

/** @param server the identity of the Redis, see `serverIdentity` */
export function identityOf(server: string, epoch: string, database: string): Identity {
  const text = `${FORMAT}:${epoch}:${database}`;
  const digest = createHash('sha1').update(`${server}:${text}`).digest('hex').slice(0, DIGEST_LENGTH);
  return { text, digest, dataSet: server.slice(server.indexOf(':') + 1) };
}

/** `master_replid` from the answer to `INFO replication` of a primary; null where a replica answered. */
export function dataSetOf(info: string): string | null {
  return /^role:master\b/m.test(info) ? (/^master_replid:(\w{40})/m.exec(info)?.[1] ?? null) : null;
}

/** `run_id:master_replid` from the answer to `INFO server replication`: this Redis, in this life, with this data set. */
export function serverIdentity(info: string): string | null {
  const runId = /^run_id:(\w{40})/m.exec(info)?.[1];
  const replicationId = /^master_replid:(\w{40})/m.exec(info)?.[1];
  return runId === undefined || replicationId === undefined ? null : `${runId}:${replicationId}`;
}
