/** How many buckets there may be: each has a lane of its own, and a batch of many counters is divided among them. */
export const MAX_BUCKETS = 1_024;

/** How the truth is divided: fixed when the database is created. */
export class Buckets {
  /** @param count 1 to 1024; 1: it is not divided */
  constructor(readonly count: number) {}

  /** Which of them a name belongs to, from 0; so does everything that is about the counter of that name. */
  of(name: string): number {
    return bucketOf(name, this.count);
  }

  /** The same of many. */
  ofEach(names: readonly string[]): number[] {
    return names.map((name) => this.of(name));
  }
}

/** FNV-1a's, of 32 bits. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Which of `buckets` a name belongs to, from 0: the same for ever and everywhere, by the bytes of its name in UTF-8.
 *
 * @param buckets how many there are, at least 1
 */
export function bucketOf(name: string, buckets: number): number {
  if (buckets === 1) return 0;
  let hash = OFFSET;
  for (let at = 0; at < name.length; at += 1) {
    const unit = name.charCodeAt(at);
    if (unit > 0x7f) return mixed(hashOf(Buffer.from(name))) % buckets;
    // In ASCII, which names nearly always are, units are bytes.
    hash = Math.imul(hash ^ unit, PRIME);
  }
  return mixed(hash) % buckets;
}

function hashOf(bytes: Uint8Array): number {
  let hash = OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash;
}

/** The last step of MurmurHash3: without it, names that differ in their last letters only would differ in few bits. */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
