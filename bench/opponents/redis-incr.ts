/** The other way to be durable: Redis counts, and its append-only file is the truth. No bounds, no keys, no history. */
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { JSON_TYPE, listen, nameIn, variable } from './listen.js';

const redis = new Redis(variable('REDIS_URL'), { enableAutoPipelining: true });
const app = fastify();

app.post('/v1/counters/:name/increment', async (request, reply) => {
  const name = nameIn(request);
  const value = await redis.incr(name);
  return reply.header('content-type', JSON_TYPE).send(JSON.stringify({ name, value }));
});

await listen(app);
