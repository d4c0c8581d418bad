import type pg from 'pg';
import { IS_LIVE } from './counter-row.js';
import { patient, patiently } from './slow-statements.js';
import { endOfPrefix } from './prefix.js';

export interface TreeQuestion {
  readonly prefix: string;
  /** What parts names; not empty. */
  readonly separator: string;
  /** The name in the level before; null: from the first. */
  readonly after: string | null;
  readonly limit: number;
}

/** One name of a level: a counter, or what is below a part of names that ends with the separator. */
export interface TreeNode {
  readonly name: string;
  readonly isBranch: boolean;
  /** Counters at or below it. */
  readonly count: number;
  readonly sum: bigint;
}

export interface Level {
  readonly nodes: readonly TreeNode[];
  readonly hasMore: boolean;
  /** RFC 3339. */
  readonly asOf: string;
}

/** Up to and with the first separator behind the prefix; null where there is none. */
const BRANCH = `
  CASE WHEN strpos(substr(name, length($1::text) + 1), $4::text) > 0
    THEN left(name, length($1::text) + strpos(substr(name, length($1::text) + 1), $4::text) - 1 + length($4::text)) END`;

const next = (after: string): string => `
  SELECT name FROM counters
  WHERE name > ${after} AND name BETWEEN $1 AND $2 AND ${IS_LIVE} ORDER BY name LIMIT 1`;

/**
 * $1 prefix, $2 its end, $3 after which name, $4 separator, $5 what is above all names, $6 how many. From each branch it
 * jumps to the first name behind it; what is below one is looked at for those of the page alone.
 */
const LEVEL = `
  WITH RECURSIVE level AS (
    SELECT name, ${BRANCH} AS branch, 1 AS place FROM (${next('$3')}) AS first
    UNION ALL
    SELECT following.name, following.branch, level.place + 1
    FROM level CROSS JOIN LATERAL (
      SELECT name, ${BRANCH} AS branch FROM (${next('coalesce(level.branch || $5::text, level.name)')}) AS behind
    ) AS following
    WHERE level.place < $6
  )
  SELECT coalesce(branch, level.name) AS name, branch IS NOT NULL AS "isBranch", below.count, below.sum
  FROM level CROSS JOIN LATERAL (
    SELECT count(*) AS count, coalesce(sum(value), 0) AS sum FROM counters
    WHERE counters.name BETWEEN coalesce(branch, level.name) AND coalesce(branch || $5::text, level.name) AND ${IS_LIVE}
  ) AS below
  ORDER BY place`;

interface Row {
  readonly name: string;
  readonly isBranch: boolean;
  readonly count: string;
  readonly sum: string;
}

/** Tells of names level by level, as their parts are separated. */
export class NameTree {
  constructor(private readonly pool: pg.Pool) {}

  /** @throws StoreFailure, also where it took too long */
  async level({ prefix, separator, after, limit }: TreeQuestion): Promise<Level> {
    const isBranch = after !== null && after.length > prefix.length && after.endsWith(separator);
    const begin = isBranch ? endOfPrefix(after) : (after ?? '');
    const values = [prefix, endOfPrefix(prefix), begin, separator, endOfPrefix(''), limit + 1];
    return patiently(this.pool, async (client) => {
      const { rows } = await client.query<Row>(patient(LEVEL, values));
      const nodes = rows.map((row) => ({ ...row, count: Number(row.count), sum: BigInt(row.sum) }));
      return { nodes: nodes.slice(0, limit), hasMore: nodes.length > limit };
    });
  }
}
