import { readFileSync } from 'node:fs';

/**
 * Exits with 0 while the service in this container is alive, with 1 otherwise. Not whether it is ready: an orchestrator
 * restarts what is unhealthy, and a restart brings no Postgres back.
 */

/** Below the timeout in the Dockerfile, so that a hang is this check's own verdict. */
const TIMEOUT_MS = 2_000;

const { PORT, PORT_FILE } = process.env;
const port = PORT || (PORT_FILE ? readFileSync(PORT_FILE, 'utf8').trim() : '') || '3000';

setTimeout(() => process.exit(1), TIMEOUT_MS);
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}/livez`);
  process.exit(ok ? 0 : 1);
} catch {
  process.exit(1);
}
