/** Who a Redis is, as it says itself. */

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
