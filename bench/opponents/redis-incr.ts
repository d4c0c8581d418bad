/**
 * The other way to be durable: Redis counts, and its append-only file is the truth. No bounds, no keys, no history. With a
 * body it counts within a window of a minute, as everybody does it.
 */
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { JSON_TYPE, listen, nameIn, variable } from './listen.js';

const redis = new Redis(variable('REDIS_URL'), { enableAutoPipelining: true });
const WINDOW_MS = 60_000;

const app = fastify();

app.post('/v1/counters/:name/increment', async (request, reply) => {
  const name = nameIn(request);
  const value = request.body === undefined ? await redis.incr(name) : await inWindow(name);
  return reply.header('content-type', JSON_TYPE).send(JSON.stringify({ name, value }));
});

async function inWindow(name: string): Promise<number> {
  const [value] = await Promise.all([redis.incr(name), redis.pexpire(name, WINDOW_MS, 'NX')]);
  return value;
}

await listen(app);
