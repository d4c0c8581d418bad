import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** 64 random bits in base 36: ids never meet, and cannot be guessed from one another. */
const ID_BYTES = 8;
const ID_LENGTH = 13;

/** 256 random bits in base 36. */
const SECRET_BYTES = 32;
const SECRET_LENGTH = 50;

/** CRC-32 in base 36: tells a key that was cut or mistyped without a look at the database. It protects nothing. */
const CHECKSUM_LENGTH = 7;

const API_KEY = new RegExp(`^ec_([0-9a-z]{${ID_LENGTH}})_[0-9a-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

/** Characters of a key, `ec_<id>_<secret>`. */
const KEY_LENGTH = 'ec_'.length + ID_LENGTH + '_'.length + SECRET_LENGTH + CHECKSUM_LENGTH;

const text36 = (bytes: Buffer, length: number): string =>
  BigInt(`0x${bytes.toString('hex')}`)
    .toString(36)
    .padStart(length, '0');

const checksumOf = (text: string): string => crc32(text).toString(36).padStart(CHECKSUM_LENGTH, '0');

const withChecksum = (text: string): string => text + checksumOf(text);

/** A new id, which stands in the key and wherever it is told of. */
export const newKeyId = (): string => text36(randomBytes(ID_BYTES), ID_LENGTH);

/** A new secret for an id, as the whole key: shown once, and never stored. */
export function newApiKey(id: string): string {
  return withChecksum(`ec_${id}_${text36(randomBytes(SECRET_BYTES), SECRET_LENGTH)}`);
}

/** A new session; told from a key by how it begins. */
export function newSession(): string {
  return `es_${text36(randomBytes(SECRET_BYTES), SECRET_LENGTH)}`;
}

/** The id in a key, or null for what cannot be a key of this service. */
export function idOfApiKey(text: string): string | null {
  if (text.length !== KEY_LENGTH) return null;
  const id = API_KEY.exec(text)?.[1] ?? null;
  return id !== null && withChecksum(text.slice(0, -CHECKSUM_LENGTH)) === text ? id : null;
}

/** What is stored of a key or a session. SHA-256 is enough: nobody can try out 256 random bits. */
export function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
