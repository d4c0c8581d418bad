/** For instances that must not migrate: whether another one has done it. */
import type pg from 'pg';
import { MIGRATIONS, MIGRATIONS_TABLE } from './migrations/migrations.js';

/** SQLSTATE of a table that the role may not read: then nobody can tell, and it is taken for done. */
const DENIED = '42501';

/** How many migrations the database lacks. */
export async function missingMigrations(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    MIGRATIONS_TABLE,
  ]);
  if (rows[0]?.there !== true) return MIGRATIONS.length;
  try {
    const { rows: applied } = await client.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
    const names = new Set(applied.map(({ name }) => name));
    return MIGRATIONS.filter(({ name }) => !names.has(name)).length;
  } catch (error) {
    if ((error as { code?: unknown }).code === DENIED) return 0;
    throw error;
  }
}
