import { actorOf } from '../access/actor.js';
import type { Traces } from '../access/traces.js';
import type { Actor } from '../domain/deed.js';
import type { Answer, Operation, Outcome, Refused, Write } from '../domain/operation.js';
import type { Client } from './client.js';
import type { Ordered } from './dispatch.js';

/** An operation on its way to the truth, on account of who asks for it. */
export function writeOf(client: Client, operation: Operation, idempotencyKey: string | null): Write {
  const { grant, requestId } = client;
  const key = idempotencyKey === null ? null : { owner: grant?.keyId ?? '', key: idempotencyKey };
  const write = { operation, key, creator: grant?.creator ?? null, requestId };
  return operation.kind === 'increment' ? write : { ...write, actor: asActor(client) };
}

/** By whom what a client asks for is written down to have been done. */
export function asActor({ grant, address, requestId }: Client): Actor {
  return actorOf(grant, { via: 'resp', address, requestId });
}

/** The value after an increment, or why there is none. */
export function countedIn(outcome: Outcome): number | Refused {
  return outcome.kind === 'refused' ? outcome : (outcome.truth.value ?? 0);
}

/** Leaves a trace of what was done, where its kind leaves one. A replay changed nothing. */
export function leaveTrace(traces: Traces, client: Client, order: Ordered | null, { outcome, replayed }: Answer): void {
  const leaves = order?.rule?.leaves ?? null;
  if (leaves === null || outcome.kind === 'refused' || replayed) return;
  const { grant, address, requestId } = client;
  traces.leave(leaves, { keyId: grant?.keyId ?? '', address, requestId, counter: outcome.truth.name });
}
