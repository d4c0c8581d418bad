/** The ceiling of HTTP here: Fastify, and an answer that is always the same. */
import { fastify } from 'fastify';
import { JSON_TYPE, listen } from './listen.js';

const app = fastify();
const answer =
  '{"name":"counter-0","value":1,"version":1,"min":null,"max":null,' +
  '"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}';

app.get('/v1/counters/:name', (_request, reply) => reply.header('content-type', JSON_TYPE).send(answer));
app.post('/v1/counters/:name/increment', (_request, reply) => reply.header('content-type', JSON_TYPE).send(answer));

await listen(app);
