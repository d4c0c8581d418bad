import type { Traces } from '../access/traces.js';
import type { Answer, Operation, Write } from '../domain/operation.js';
import type { Client } from './client.js';
import type { Ordered } from './dispatch.js';

/** An operation on its way to the truth, on account of who asks for it. */
export function writeOf({ grant, requestId }: Client, operation: Operation, idempotencyKey: string | null): Write {
  const key = idempotencyKey === null ? null : { owner: grant?.keyId ?? '', key: idempotencyKey };
  return { operation, key, creator: grant?.creator ?? null, requestId };
}

/** Leaves a trace of what was done, where its kind leaves one. A replay changed nothing. */
export function leaveTrace(traces: Traces, client: Client, order: Ordered | null, { outcome, replayed }: Answer): void {
  const leaves = order?.rule?.leaves ?? null;
  if (leaves === null || outcome.kind === 'refused' || replayed) return;
  const { grant, address, requestId } = client;
  traces.leave(leaves, { keyId: grant?.keyId ?? '', address, requestId, counter: outcome.truth.name });
}
