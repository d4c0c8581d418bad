import { actorOf } from '../access/actor.js';
import type { ActionLog } from '../access/action-log.js';
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

/** Logs what was done, where its kind is logged. A replay changed nothing. */
export function logAction(
  actionLog: ActionLog,
  client: Client,
  order: Ordered | null,
  { outcome, replayed }: Answer,
): void {
  const logged = order?.rule?.logged ?? null;
  if (logged === null || outcome.kind === 'refused' || replayed) return;
  const { grant, address, requestId } = client;
  actionLog.add(logged, { keyId: grant?.keyId ?? '', address, requestId, counter: outcome.truth.name });
}
