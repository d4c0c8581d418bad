/** The ceiling of cached reads: Fastify, and one Redis `GET` whose value is the answer. */
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { JSON_TYPE, listen, nameIn, variable } from './listen.js';

// Concurrent commands share one write to the socket, which makes this faster by a third.
const redis = new Redis(variable('REDIS_URL'), { enableAutoPipelining: true });
const app = fastify();

app.get('/v1/counters/:name', async (request, reply) => {
  const json = await redis.get(nameIn(request));
  return json === null ? reply.code(404).send() : reply.header('content-type', JSON_TYPE).send(json);
});

await listen(app);
