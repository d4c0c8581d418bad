import { hash } from 'node:crypto';
import { faultOfName, MAX_ITEMS } from './operands.js';

/** Increments of one counter in one minute, added up where they have no key. */
export interface DeliveryItem {
  readonly name: string;
  /** -MAX_VALUE to MAX_VALUE, not 0. */
  readonly by: number;
  /** When it was counted, RFC 3339, as the clock of the place says. */
  readonly at: string;
  /** Of the one increment that brought one. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * What a place without a network counted, on its way. Items are numbered from 1 on for ever; a delivery brings those
 * behind `from`, up to `to`.
 */
export interface Delivery {
  readonly from: number;
  readonly to: number;
  /** The digest of the delivery that ended at `from`; null: there was none. */
  readonly previous: string | null;
  /**
   * Random, made with the delivery: two copies of an edge that count the same in the same minute must not be taken for one
   * that sends twice.
   */
  readonly nonce: string;
  /** Whether more was waiting behind it. */
  readonly more: boolean;
  /** In the order of their numbers. */
  readonly increments: readonly DeliveryItem[];
}

/** Items of one delivery: they are decided in one transaction. */
export const MAX_DELIVERED = MAX_ITEMS;

/** As clients choose them, and as an item of a batch has one whose header brought the longest: with its place behind it. */
const DELIVERED_KEY = /^[\x20-\x7e]{1,259}$/;

/**
 * Says which rule an item breaks, or null. It is refused alone for that: the same delivery is sent again until it is taken,
 * and what is in it cannot be mended any more.
 */
export function faultOfItem({ name, idempotencyKey }: DeliveryItem): string | null {
  const fault = faultOfName(name);
  if (fault !== null) return `The name ${fault}.`;
  if (idempotencyKey === undefined || DELIVERED_KEY.test(idempotencyKey)) return null;
  return 'The idempotency key must be 1 to 259 printable ASCII characters.';
}

/** How far an edge has come: the last number that was taken, and the digest of the delivery that brought it. */
export interface Position {
  readonly last: number;
  readonly digest: string | null;
}

/** Before the first delivery. */
export const BEGINNING: Position = { last: 0, digest: null };

/**
 * What a delivery is to whoever stands at a position.
 *
 * - `next`: it follows, and is to be taken.
 * - `same`: the one that brought us here, once more.
 * - `gap`: what comes before it is missing here: this side was restored to an older state.
 * - `forked`: another history of the same edge: its file was copied, or restored.
 */
export type Standing = 'next' | 'same' | 'gap' | 'forked';

/** How a delivery stands to the position of its edge here. */
export function standingOf(delivery: Delivery, { last, digest }: Position): Standing {
  if (delivery.to === last && digestOf(delivery) === digest) return 'same';
  if (delivery.from > last) return 'gap';
  return delivery.from === last && delivery.previous === digest ? 'next' : 'forked';
}

/** 256 bits in hex, that are the same for the same delivery behind the same deliveries: each holds its predecessor's. */
export function digestOf({ from, to, previous, nonce, more, increments }: Delivery): string {
  const items = increments.map(({ name, by, at, idempotencyKey }) => [name, by, at, idempotencyKey ?? null]);
  return hash('sha256', JSON.stringify([from, to, previous, nonce, more, items]), 'hex');
}

/** What became of an item. */
export type ItemVerdict =
  | {
      readonly status: 200;
      /** Of the counter, after this item. */
      readonly value: number;
      /** It had been counted before, under its key. */
      readonly replayed?: true;
    }
  | { readonly status: number; readonly code: string; readonly detail: string };
