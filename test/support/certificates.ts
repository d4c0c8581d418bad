/**
 * Servers that speak TLS, with a certificate for 127.0.0.1 and no other host. Made once, since Node cannot make one and
 * not every machine has OpenSSL; good until 2120, and the key of their authority is gone.
 */
import { chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type RedisOptions, startPostgres, startRedis, type TestPostgres, type TestRedis } from './servers.js';

const pathOf = (name: string) => fileURLToPath(new URL(`./certificates/${name}.pem`, import.meta.url));

/** The authority that signed them, and one that did not: files for `NODE_EXTRA_CA_CERTS`. */
export const AUTHORITY = pathOf('authority');
export const ANOTHER_AUTHORITY = pathOf('another-authority');

/** What a server shows, and its key: files for `RESP_TLS_CERT_FILE` and `RESP_TLS_KEY_FILE`. */
export const SERVER_CERTIFICATE = pathOf('server');
export const SERVER_KEY = pathOf('server-key');

/** A Redis that speaks nothing but TLS. */
export async function startTlsRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const [certificate, key] = await Promise.all([SERVER_CERTIFICATE, SERVER_KEY].map((path) => readFile(path)));
  const options: RedisOptions = {
    files: { 'server.pem': certificate ?? '', 'server-key.pem': key ?? '' },
    tls: true,
    settings: ({ dir, port }) => [
      'port 0',
      `tls-port ${port}`,
      `tls-cert-file "${join(dir, 'server.pem')}"`,
      `tls-key-file "${join(dir, 'server-key.pem')}"`,
      `tls-ca-cert-file "${join(dir, 'server.pem')}"`,
      'tls-auth-clients no',
      ...settings,
    ],
  };
  return startRedis(options);
}

/** A Postgres that speaks TLS with whoever wants to. */
export async function startTlsPostgres(): Promise<TestPostgres> {
  const postgres = await startPostgres();
  const { uid, gid } = await stat(postgres.dir);
  for (const [file, from] of [
    ['server.crt', SERVER_CERTIFICATE],
    ['server.key', SERVER_KEY],
  ] as const) {
    const path = join(postgres.dir, file);
    await writeFile(path, await readFile(from), { mode: 0o600 });
    if (process.geteuid?.() === 0) await chown(path, uid, gid);
  }
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.end();
  await postgres.restart();
  return postgres;
}
