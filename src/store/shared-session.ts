import type pg from 'pg';
import { ConfigError } from '../config/config.js';
import { type beginSession, FACTS, type Facts, refuseUnsafe, type SessionSettings } from './session-check.js';

/** How a session begins. */
export type BeginSession = typeof beginSession;

/**
 * What the role has to bring where no session is ours: all that statements rely on. Times are written and compared in
 * UTC by the statements themselves, so no zone is among them.
 */
const OF_THE_ROLE = {
  default_transaction_isolation: /^read committed$/,
  DateStyle: /^ISO/,
  standard_conforming_strings: /^on$/,
  array_nulls: /^on$/,
  // A commit that did not wait for its standby is told by a warning.
  client_min_messages: /^(debug\d|log|notice|warning)$/,
  jit: /^off$/,
  transaction_timeout: /^0$/,
} as const;

/** What is asked for where one of them is not as it has to be. */
const REMEDY: Readonly<Record<keyof typeof OF_THE_ROLE, string>> = {
  default_transaction_isolation: 'read committed',
  DateStyle: 'ISO, MDY',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  client_min_messages: 'notice',
  jit: 'off',
  transaction_timeout: '0',
};

/** Settings of the session itself: of the pool, and where statements are kept. Neither can be had here. */
const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const;

interface RoleFacts extends Facts {
  readonly role: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Begins a session behind a pooler that gives it away after each transaction: nothing is set, and no statement is
 * prepared by name. What every session needs, the role brings.
 *
 * @param timeouts what every session of the service has, milliseconds
 * @throws ConfigError with the statements that give the role what it lacks
 * @throws UnsafeDatabase
 */
export function beginShared(timeouts: SessionSettings): BeginSession {
  return async (client) => {
    const names = [...Object.keys(OF_THE_ROLE), ...TIMEOUTS].map((name) => client.escapeLiteral(name));
    const { rows } = await client.query<RoleFacts>(
      `${FACTS}, current_user AS role, current_database() AS database,
         (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN (${names.join()})) AS settings`,
    );
    refuseUnsafe(rows[0]);
    const [facts] = rows;
    const lacking = facts === undefined ? [] : lackingOf(facts.settings, timeouts);
    if (facts !== undefined && lacking.length > 0) throw new ConfigError(remedyOf(client, facts, lacking));
    withoutNames(client);
  };
}

/** Names and values of what the role does not bring. */
function lackingOf(found: Readonly<Record<string, string>>, timeouts: SessionSettings): [string, string][] {
  const wrong = Object.entries(OF_THE_ROLE).filter(([name, fine]) => name in found && !fine.test(found[name] ?? ''));
  return [
    ...TIMEOUTS.filter((name) => found[name] !== String(timeouts[name])).map((name): [string, string] => [
      name,
      String(timeouts[name]),
    ]),
    ...wrong.map(([name]): [string, string] => [name, REMEDY[name as keyof typeof REMEDY]]),
  ];
}

function remedyOf(client: pg.ClientBase, { role, database }: RoleFacts, lacking: readonly [string, string][]): string {
  const [who, where] = [client.escapeIdentifier(role), client.escapeIdentifier(database)];
  const statements = lacking.map(
    ([name, value]) => `  ALTER ROLE ${who} IN DATABASE ${where} SET ${name} = ${client.escapeLiteral(value)};`,
  );
  return (
    'DATABASE_POOLER=transaction: behind a pooler the service can set nothing, so its role has to bring what it needs. ' +
    "Run this, and let the pooler open its sessions anew (PgBouncer's RECONNECT):\n" +
    statements.join('\n')
  );
}

/** A statement that was prepared by name would be looked for in a session that is somebody else's by then. */
function withoutNames(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (first: unknown, ...rest: unknown[]) => unknown;
  client.query = ((first: unknown, ...rest: unknown[]) => query(unnamed(first), ...rest)) as typeof client.query;
}

function unnamed(statement: unknown): unknown {
  const isNamed = typeof statement === 'object' && statement !== null && 'name' in statement && 'text' in statement;
  return isNamed && !('submit' in statement) ? { ...statement, name: undefined } : statement;
}
