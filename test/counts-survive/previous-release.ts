/**
 * What the release before expiring counters (migrations up to 1765000003000) sends to Postgres, as it was recorded: while
 * instances are replaced one by one, it goes on doing so against tables that the next release has changed already.
 */

/** $1 id, $2 names, $3 sums, $4 counts, $5 swings, $6 barred, $7 creators, $8 a bucket. */
export const INCREMENT = `
  WITH applied AS (
    INSERT INTO counters AS c (name, value, version, created_at, updated_at)
    SELECT name, sum, (SELECT floor FROM version_floor) + count, now(), now()
    FROM unnest(string_to_array($2, E'\\n'), $3::bigint[], $4::bigint[], $6::boolean[])
      AS total (name, sum, count, is_barred)
    WHERE true
      -- No EXISTS: a plan that was made while there were few counters would read all of them into a hash for it.
      AND (is_barred IS NOT TRUE OR (SELECT true FROM counters AS known WHERE known.name = total.name))
    ORDER BY name COLLATE "C"
    ON CONFLICT (name) DO UPDATE SET
      value = c.value + excluded.value,
      version = c.version + excluded.version - (SELECT floor FROM version_floor),
      deleted = false,
      created_at = CASE WHEN c.deleted THEN excluded.created_at ELSE c.created_at END,
      updated_at = greatest(c.updated_at, excluded.updated_at)
    WHERE c.value + coalesce(($5::jsonb -> excluded.name ->> 'highest')::bigint, excluded.value)
            <= coalesce(c.max, 9007199254740991)
      AND c.value + coalesce(($5::jsonb -> excluded.name ->> 'lowest')::bigint, excluded.value)
            >= coalesce(c.min, -9007199254740991)
    -- What was there already is locked before it is updated, and shows it by its xmax.
    RETURNING name, value, version, min, max, created_at, updated_at, xmax = 0 AS is_new),
  counted AS (
    INSERT INTO names_created AS n (key_id, bucket, names)
    SELECT key_id, $8::smallint, count(*)
    FROM (
      SELECT (SELECT jsonb_object(string_to_array($2, E'\\n'), string_to_array($7, E'\\n'))) ->> name AS key_id
      FROM applied WHERE is_new AND $7::text IS NOT NULL 
    ) AS created WHERE key_id <> '' GROUP BY key_id ORDER BY key_id COLLATE "C"
    ON CONFLICT (key_id, bucket) DO UPDATE SET names = n.names + excluded.names),
  claimed AS (
    INSERT INTO batches (id, names, "values", versions, mins, maxes, created_ats, updated_ats)
    SELECT $1::uuid, array_agg(name), array_agg(value), array_agg(version),
           array_agg(min), array_agg(max), array_agg(created_at), array_agg(updated_at)
    FROM applied HAVING count(*) > 0)
  SELECT (
    SELECT string_agg(concat_ws(E'\\t', value, version, coalesce(min::text, ''), coalesce(max::text, ''),
                                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), name), E'\\n')
    FROM applied) AS lines, (
    SELECT string_agg(name, E'\\n') FROM applied WHERE is_new AND $7::text IS NOT NULL) AS created_names`;

/** As above, and $9 owners, $10 keys, $11 fingerprints, $12 names, $13 added after, $14 changes after, $15 hours. */
export const INCREMENT_WITH_KEYS = `
  WITH used AS MATERIALIZED (
    SELECT k.owner, k.key, k.fingerprint, k.expires_at <= clock_timestamp() AS expired,
  k.created, k.value, k.version, k.min, k.max,
  to_char(k.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at, to_char(k.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at, k.previous, k.refusal,
  pg_logical_emit_message(true, 'evercount', '') AS logged
    FROM unnest($9::text[], string_to_array($10, E'\\n')) AS asked (owner, key)
    JOIN idempotency_keys k ON k.owner = asked.owner AND k.key = asked.key
  ),
  applied AS (
    INSERT INTO counters AS c (name, value, version, created_at, updated_at)
    SELECT name, sum, (SELECT floor FROM version_floor) + count, now(), now()
    FROM unnest(string_to_array($2, E'\\n'), $3::bigint[], $4::bigint[], $6::boolean[])
      AS total (name, sum, count, is_barred)
    WHERE NOT EXISTS (SELECT FROM used)
      -- No EXISTS: a plan that was made while there were few counters would read all of them into a hash for it.
      AND (is_barred IS NOT TRUE OR (SELECT true FROM counters AS known WHERE known.name = total.name))
    ORDER BY name COLLATE "C"
    ON CONFLICT (name) DO UPDATE SET
      value = c.value + excluded.value,
      version = c.version + excluded.version - (SELECT floor FROM version_floor),
      deleted = false,
      created_at = CASE WHEN c.deleted THEN excluded.created_at ELSE c.created_at END,
      updated_at = greatest(c.updated_at, excluded.updated_at)
    WHERE c.value + coalesce(($5::jsonb -> excluded.name ->> 'highest')::bigint, excluded.value)
            <= coalesce(c.max, 9007199254740991)
      AND c.value + coalesce(($5::jsonb -> excluded.name ->> 'lowest')::bigint, excluded.value)
            >= coalesce(c.min, -9007199254740991)
    -- What was there already is locked before it is updated, and shows it by its xmax.
    RETURNING name, value, version, min, max, created_at, updated_at, xmax = 0 AS is_new),
  kept AS (
    INSERT INTO idempotency_keys
      (owner, key, fingerprint, value, version, min, max, created_at, updated_at, expires_at)
    SELECT asked.owner, asked.key, asked.fingerprint, value - added_after, version - changes_after,
           min, max, created_at, updated_at, clock_timestamp() + make_interval(hours => $15::int)
    FROM unnest($9::text[], string_to_array($10, E'\\n'), $11::uuid[], string_to_array($12, E'\\n'), $13::bigint[],
                $14::bigint[])
      AS asked (owner, key, fingerprint, name, added_after, changes_after)
    JOIN applied USING (name)
    ORDER BY asked.owner, asked.key
    RETURNING 1
  ),
  counted AS (
    INSERT INTO names_created AS n (key_id, bucket, names)
    SELECT key_id, $8::smallint, count(*)
    FROM (
      SELECT (SELECT jsonb_object(string_to_array($2, E'\\n'), string_to_array($7, E'\\n'))) ->> name AS key_id
      FROM applied WHERE is_new AND $7::text IS NOT NULL AND (SELECT count(*) FROM kept) >= 0
    ) AS created WHERE key_id <> '' GROUP BY key_id ORDER BY key_id COLLATE "C"
    ON CONFLICT (key_id, bucket) DO UPDATE SET names = n.names + excluded.names),
  claimed AS (
    INSERT INTO batches (id, names, "values", versions, mins, maxes, created_ats, updated_ats)
    SELECT $1::uuid, array_agg(name), array_agg(value), array_agg(version),
           array_agg(min), array_agg(max), array_agg(created_at), array_agg(updated_at)
    FROM applied HAVING count(*) > 0)
  SELECT (
    SELECT string_agg(concat_ws(E'\\t', value, version, coalesce(min::text, ''), coalesce(max::text, ''),
                                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), name), E'\\n')
    FROM applied) AS lines, (
    SELECT string_agg(name, E'\\n') FROM applied WHERE is_new AND $7::text IS NOT NULL) AS created_names, used.* FROM (SELECT) AS always LEFT JOIN used ON true`;

/** $1 names. */
export const READ = `
  SELECT name, value, version, min, max, deleted,
  to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at FROM counters WHERE name = ANY($1::text[])
  UNION ALL
  SELECT '', 0, floor, NULL, NULL, true, '', '' FROM version_floor`;
