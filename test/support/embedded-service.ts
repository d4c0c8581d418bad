/**
 * The least service that has embedded servers, as a process that tests can kill: prints `ready` and the URLs as one
 * line of JSON, ends on SIGINT or SIGTERM, and asks Postgres once more before it does.
 */
import pg from 'pg';
import { startEmbeddedServers } from '../../src/embedded/embedded-servers.js';

const say = (line: string) => console.log(line);
const [dataDir = ''] = process.argv.slice(2);

/** A terminal's Ctrl-C reaches everyone at once; who dies of it is dead by then. */
const AFTER_SIGNAL_MS = 300;

try {
  const servers = await startEmbeddedServers(dataDir, say);
  const { databaseUrl, redisUrl } = servers;
  say(`ready ${JSON.stringify({ databaseUrl, redisUrl })}`);
  const end = async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    say('drained');
    await servers.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => setTimeout(() => void end().then(() => process.exit(0)), AFTER_SIGNAL_MS));
  }
  // The servers do not keep the process alive while they die and come back.
  setInterval(() => undefined, 60_000);
} catch (error) {
  say(`failed ${(error as Error).message}`);
  process.exitCode = 1;
}
