/** The ceiling of HTTP/2 without TLS, as a proxy would speak it: Fastify, and an answer that is always the same. */
import { fastify } from 'fastify';
import { CONSTANT_ANSWER } from './constant-answer.js';
import { JSON_TYPE, listen } from './listen.js';

const app = fastify({ http2: true });

app.get('/v1/counters/:name', (_request, reply) => reply.header('content-type', JSON_TYPE).send(CONSTANT_ANSWER));

await listen(app);
