import { createHash } from 'node:crypto';
import type { Line } from './line.js';

/** The format of entries; another number makes every entry of the old format foreign. */
const FORMAT = 2;

/** 96 bits: two identities are never confused. */
const DIGEST_LENGTH = 24;

/** Which data an entry belongs to; the scripts compute the same digest from what Redis says of itself. */
export interface Identity {
  /** What this instance adds to the identity: format, epoch of the guard, database. */
  readonly text: string;
  /** Stands in every entry and lease. */
  readonly digest: string;
  /** Of the Redis, see `dataSetOf`; it has another one whenever it was a replica meanwhile. */
  readonly dataSet: string;
  /** The one way to these data: over the connection by which they were found. */
  readonly line: Line;
}

/** @param server the identity of the Redis at the end of the line, see `serverIdentity` */
export function identityOf(server: string, line: Line, epoch: string, database: string): Identity {
  const text = `${FORMAT}:${epoch}:${database}`;
  const digest = createHash('sha1').update(`${server}:${text}`).digest('hex').slice(0, DIGEST_LENGTH);
  return { text, digest, dataSet: server.slice(server.indexOf(':') + 1), line };
}
