/** Such as PGSSLMODE and PGOPTIONS: by these a shell tells Postgres' clients of a server, which is not ours. */
const OF_POSTGRES = /^PG[A-Z]+$/;

/** Keeps what the shell says of another Postgres from every connection that this process will make to ours. */
export function forgetPostgresOfShell(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(environment)) if (OF_POSTGRES.test(name)) Reflect.deleteProperty(environment, name);
}
