/** The ceiling of HTTP here: Fastify, and an answer that is always the same. */
import { fastify } from 'fastify';
import { CONSTANT_ANSWER } from './constant-answer.js';
import { JSON_TYPE, listen } from './listen.js';

const app = fastify();
app.get('/v1/counters/:name', (_request, reply) => reply.header('content-type', JSON_TYPE).send(CONSTANT_ANSWER));
app.post('/v1/counters/:name/increment', (_request, reply) =>
  reply.header('content-type', JSON_TYPE).send(CONSTANT_ANSWER),
);

await listen(app);
