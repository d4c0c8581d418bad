import { readFileSync } from 'node:fs';

/**
 * Exits with 0 while the service in this container is alive, with 1 otherwise. Not whether it is ready: an orchestrator
 * restarts what is unhealthy, and a restart brings no Postgres back.
 */

/** Below the timeout in the Dockerfile, so that a hang is this check's own verdict. */
const TIMEOUT_MS = 2_000;

const said = (name) => {
  const file = process.env[`${name}_FILE`];
  return process.env[name] || (file ? readFileSync(file, 'utf8').trim() : '');
};

// Whoever takes all connections of the port for everybody must not make the service look dead. 0 is one that is not known.
const port = [said('HEALTH_PORT'), said('PORT')].find((text) => Number(text) > 0) ?? '3000';

setTimeout(() => process.exit(1), TIMEOUT_MS);
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}/livez`);
  process.exit(ok ? 0 : 1);
} catch {
  process.exit(1);
}
