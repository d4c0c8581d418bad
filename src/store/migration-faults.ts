/** Why a migration failed, where a person has to do something about the database or its roles. */
import { type DataSource, QueryFailedError } from 'typeorm';
import { ConfigError } from '../config/config.js';

/** SQLSTATEs of a table, column or index that is there already, or of a column that is not where ours has one. */
const CLASHES: ReadonlySet<unknown> = new Set(['42P07', '42701', '42710', '42703']);

/** SQLSTATE of what the role may not do. */
const DENIED = '42501';

/** Who has the tables, and who is to change them: names as SQL has them. */
interface Owners {
  readonly owner: string;
  readonly role: string;
}

/**
 * What to do about it; null: it failed for another reason.
 *
 * @param migrationsTable says which migrations a database has
 */
export async function migrationFault(
  error: unknown,
  dataSource: DataSource,
  migrationsTable: string,
): Promise<ConfigError | null> {
  if (!(error instanceof QueryFailedError)) return null;
  const { code } = error.driverError as { code?: unknown };
  if (code !== DENIED && !CLASHES.has(code)) return null;
  // What a role has no right to looks to it as if it were not there, and is then made anew.
  const owners = await foreignOwners(dataSource, migrationsTable).catch(() => null);
  return new ConfigError(sentenceOf(code, error.message, owners), { cause: error });
}

async function foreignOwners(dataSource: DataSource, table: string): Promise<Owners | null> {
  const [row = null] = await dataSource.query<Owners[]>(
    `SELECT relowner::regrole::text AS owner, current_user::regrole::text AS role
     FROM pg_class WHERE oid = to_regclass($1) AND NOT pg_has_role(relowner, 'USAGE')`,
    [table],
  );
  return row;
}

function sentenceOf(code: unknown, message: string, owners: Owners | null): string {
  const variable = 'MIGRATIONS_DATABASE_URL, or DATABASE_URL where that is not set';
  if (owners !== null) {
    const { owner, role } = owners;
    return (
      `${variable}: its role ${role} may not change the tables, which are ${owner}'s (${message}). Name that role there, ` +
      `or, as a superuser, REASSIGN OWNED BY ${owner} TO ${role} and grant the role that serves its rights: ` +
      'docs/deployment.md has the statements'
    );
  }
  if (code === DENIED) {
    return `${variable}: its role may not change the schema (${message}); docs/deployment.md says what to grant`;
  }
  return (
    `DATABASE_URL: the database holds tables of another program under the names of ours (${message}); ` +
    'give evercount a database of its own'
  );
}
