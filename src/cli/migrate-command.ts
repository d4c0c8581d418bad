import type { Command } from 'commander';
import { configOf, serverFault } from './deployment.js';
import { EXIT } from './exit-codes.js';
import { type Session, withJson } from './session.js';

interface Options {
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

/** `migrate`: the schema, for deployments whose service may not change it (`MIGRATE_ON_START=false`). */
export function addMigrate(program: Command, session: Session): void {
  const migrate = program.command('migrate').description('look at the schema, and bring it up to date');

  withJson(migrate.command('status'))
    .description('which migrations this database has; 2: some are missing')
    .action((options: Options) => status(session, options));

  withJson(migrate.command('up'))
    .description('apply what is missing; safe at any time, also from many places at once')
    .option('--dry-run', 'only tell what is missing')
    .action(async (options: Options) => {
      const { migrate: apply } = await import('../store/migrate.js');
      if (options.dryRun !== true) {
        const { database } = await configOf(session);
        await apply(database.migrationsUrl, database.buckets).catch((error: unknown) => {
          throw serverFault('Postgres', error);
        });
      }
      await status(session, options);
    });
}

async function status(session: Session, { json }: Options): Promise<void> {
  const { terminal } = session;
  const { database } = await configOf(session);
  // Loads TypeORM: not before it is needed.
  const { migrationStates } = await import('../store/migrate.js');
  const migrations = await migrationStates(database.migrationsUrl).catch((error: unknown) => {
    throw serverFault('Postgres', error);
  });
  const missing = migrations.filter(({ applied }) => !applied).length;
  if (missing > 0) session.exitCode = EXIT.different;
  if (json === true) {
    terminal.printJson({ missing, migrations });
    return;
  }
  terminal.printTable(
    ['migration', 'applied'],
    migrations.map(({ name, applied }) => [name, applied ? 'yes' : 'no']),
  );
  terminal.note(missing === 0 ? 'the schema is up to date' : `${missing} missing; "evercount migrate up" applies them`);
}
