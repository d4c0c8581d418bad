/** The statement of those who commit each increment by itself. */
export const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS upserted (
    name       text PRIMARY KEY,
    value      bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
  )`;

/** $1 the name */
export const UPSERT = `
  INSERT INTO upserted AS u (name, value) VALUES ($1, 1)
  ON CONFLICT (name) DO UPDATE SET value = u.value + 1, updated_at = now()
  RETURNING name, value`;
