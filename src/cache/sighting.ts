/** What a look at the servers found. */
import type { Line } from './line.js';

/**
 * Whether what is found at hand is newer than something else that was named.
 *
 * - `alone`: nobody elects; two instances with different servers were configured so.
 * - `elected`: in this election, of Sentinel's or of a cluster's; the higher one is the newer. A view that is not whole
 *   may be of one who was left behind.
 * - `overtaken`: Sentinel leads elsewhere.
 * - `unknown`: no Sentinel answers.
 */
export type Rank =
  | { readonly kind: 'alone' | 'overtaken' | 'unknown' }
  | { readonly kind: 'elected'; readonly epoch: number; readonly isWhole: boolean };

/** What a server says of itself. */
export type Role = 'primary' | 'replica';

/** A server that holds keys of a unit. */
export interface Post {
  /** `run_id:master_replid` */
  readonly server: string;
  readonly line: Line;
}

/** Where the keys of one unit are, and over which connections that was found. */
export interface Sighting {
  /** As the guard's row names it: every slot of the unit, and the server that claims it. */
  readonly place: string;
  readonly posts: readonly Post[];
  /** Which of the posts has a key; one alone has all of them. */
  readonly postOf: (key: string) => number;
  /** Whether it is newer than another place, as far as anybody elects. */
  readonly rank: () => Promise<Rank>;
  /** Whether keys of it are just being moved to another server. */
  readonly isMoving: boolean;
  /**
   * The digest of the identity whose entries are in there, as the first instance noted it; null after a flush; undefined
   * where this look did not ask.
   */
  readonly sentinel: string | null | undefined;
}

/** A server, for people. */
export interface ServerView {
  /** `host:port`, under Sentinel and of a cluster as those tell it. */
  readonly address: string;
  /** What it said of itself last; null where it does not answer. */
  readonly role: Role | null;
  /** How many units have keys on it. */
  readonly units: number;
}

/** The servers of a realm, however many they are. */
export interface Servers {
  /** Parts that may fail, move and be blind by themselves. */
  readonly unitCount: number;
  /** What led to them. */
  readonly foundBy: 'url' | 'sentinel' | 'cluster';
  readonly views: readonly ServerView[];
  /** Why they cannot be used, as far as is known; null while they can. */
  readonly fault: string | null;
  /** The unit that a key is of; it follows from the key alone. */
  unitOf: (key: string) => number;
  /** Who has a key, as the last look found it; null: nobody, or that cannot be told. */
  ownerOf: (key: string) => Post | null;
  /** The way to a key, as the last look found it. @throws CacheUnavailable */
  lineOf: (key: string) => Line;
  /** The way to each of them that holds keys. */
  lines: () => readonly Line[];
  /** The key whose absence tells of a flush. */
  sentinelKeyOf: (unit: number) => string;
  /** One sighting a unit; null where its place cannot be told. */
  look: () => Promise<readonly (Sighting | null)[]>;
  /** Leaves the server at the other end for the one that is led to now. */
  leave: () => void;
  /** Calls back whenever a connection is there, and whenever one is gone. */
  onTurn: (listener: () => void) => void;
  /** Settles when they can be asked for any key; fails after some seconds, with what is in the way. */
  whenReady: () => Promise<void>;
  close: () => void;
}
