import { hash } from 'node:crypto';
import type { Expiry, Operation } from '../../domain/operation.js';

/**
 * 128 bits, as a UUID, that are the same for the same request: the same operation, name and arguments. A decrement is
 * an increment by the opposite; preconditions are not part of it, since a key is looked at before them.
 */
export function fingerprintOf(operation: Operation): string {
  const hex = hash('sha256', JSON.stringify(argumentsOf(operation)), 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

function argumentsOf(operation: Operation): unknown[] {
  const { kind, name } = operation;
  switch (kind) {
    case 'increment':
      return [kind, name, operation.by, ...expiryOf(operation)];
    case 'incrementWithin': {
      const { by, lowest, highest, saturates } = operation;
      return [kind, name, by, lowest, highest, saturates, ...expiryOf(operation)];
    }
    case 'reset':
      return [kind, name, operation.to, ...expiryOf(operation)];
    case 'set': {
      // A bound that is left out is another request than one that is removed.
      const { value, min = 'as it is', max = 'as it is' } = operation;
      return [kind, name, value, min, max, ...expiryOf(operation)];
    }
    case 'delete':
      return [kind, name];
    case 'expire':
      return [kind, name, operation.has, operation.than, ...expiryOf(operation)];
  }
}

/** Nothing where nothing is said of it, so that keys from before there was any stand for the same requests. */
function expiryOf({ expiry }: { readonly expiry?: Expiry | undefined }): unknown[] {
  switch (expiry?.kind) {
    case undefined:
      return [];
    case 'never':
      return ['never'];
    case 'in':
      return ['in', expiry.ms, expiry.where];
    case 'at':
      return ['at', expiry.moment, expiry.where];
  }
}
