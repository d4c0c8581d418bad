/** Slots and units of a Redis Cluster, and what `CLUSTER NODES` says of them. */
import keySlot from 'cluster-key-slot';
import { bracketed } from '../config/address.js';

export const SLOTS = 16_384;

/** A unit is so many slots: it follows from the key alone, and never moves. */
const SLOT_BITS = 6;
export const SLOTS_OF_UNIT = 1 << SLOT_BITS;
export const UNITS = SLOTS >> SLOT_BITS;

/** The slot of a key, 0 to 16383: of what stands in braces, where something does. */
export function slotOf(key: string): number {
  return keySlot(key);
}

/** The unit that a slot is of, from 0. */
export function unitOfSlot(slot: number): number {
  return slot >> SLOT_BITS;
}

/** Of each unit a text in braces that brings any key which holds it into that unit. */
export const TAGS: readonly string[] = tags();

/** How a server sees itself. */
export interface OwnView {
  readonly id: string;
  /** `host:port` as others are told it; null where it does not know. */
  readonly address: string | null;
  readonly isPrimary: boolean;
  /** Of the election by which it has its slots. */
  readonly epoch: number;
  /** First and last of each range that it claims. */
  readonly slots: readonly (readonly [first: number, last: number])[];
  /** Those that are just being moved, to it or away from it. */
  readonly moving: readonly number[];
}

/** Another server, as one tells of it. */
export interface Told {
  readonly id: string;
  readonly address: string;
}

/** What a server says of itself in its answer to `CLUSTER NODES`. */
export function ownViewIn(text: string): OwnView | null {
  const line = /^\S+ \S+ myself,.*$/m.exec(text)?.[0];
  if (line === undefined) return null;
  const [id = '', address = '', flags = '', , , , epoch = '0', , ...slots] = line.split(' ');
  return {
    id,
    address: addressIn(address),
    isPrimary: flags.split(',').includes('master'),
    epoch: Number(epoch),
    slots: slots.filter((slot) => !slot.startsWith('[')).map(rangeOf),
    moving: slots.filter((slot) => slot.startsWith('[')).map((slot) => Number.parseInt(slot.slice(1), 10)),
  };
}

/** The primaries that a server knows, those that it cannot reach included. */
export function primariesIn(text: string): readonly Told[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', told = '', flags = ''] = line.split(' ');
    const all = flags.split(',');
    const address = addressIn(told);
    return all.includes('master') && !all.includes('handshake') && address !== null ? [{ id, address }] : [];
  });
}

/** `host:port` of `host:port@busPort,hostname`; the name where there is no address. */
function addressIn(text: string): string | null {
  const [place = '', name = ''] = text.split(',');
  const [address = ''] = place.split('@');
  const colon = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, colon) || name, address.slice(colon + 1)];
  if (host === '' || port === '0') return null;
  return `${bracketed(host)}:${port}`;
}

function rangeOf(text: string): readonly [number, number] {
  const [first = '', last = first] = text.split('-');
  return [Number(first), Number(last)];
}

function tags(): string[] {
  const found: string[] = [];
  for (let missing = UNITS, n = 0; missing > 0; n += 1) {
    const tag = `{${n}}`;
    const unit = unitOfSlot(slotOf(tag));
    if (found[unit] !== undefined) continue;
    found[unit] = tag;
    missing -= 1;
  }
  return found;
}
