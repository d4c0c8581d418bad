import type { Counter, Truth } from '../domain/counter.js';
import { utc } from './utc.js';

/** The columns of a counter as they are read: bigint as text, times as RFC 3339. */
export interface CounterRow {
  readonly name: string;
  readonly value: string;
  readonly version: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly deleted: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export const COUNTER_COLUMNS = `name, value, version, min, max, deleted,
  ${utc('created_at')} AS created_at, ${utc('updated_at')} AS updated_at`;

/** Exact: the CHECKs keep every number of a row within 2^53 - 1. */
export function truthOf(row: CounterRow): Truth {
  return row.deleted ? { name: row.name, value: null, version: Number(row.version) } : counterOf(row);
}

export function counterOf(row: Omit<CounterRow, 'deleted'>): Counter {
  return {
    name: row.name,
    value: Number(row.value),
    version: Number(row.version),
    min: numberOrNull(row.min),
    max: numberOrNull(row.max),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}
