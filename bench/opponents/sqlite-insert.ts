/** An insert of SQLite for each increment, and Fastify in front of it. */
import { fastify } from 'fastify';
import { insertsInto } from './inserts.js';
import { JSON_TYPE, listen, nameIn, variable } from './listen.js';

const inserts = insertsInto(variable('EDGE_FILE'));
const app = fastify();

app.post('/v1/counters/:name/increment', (request, reply) => {
  const name = nameIn(request);
  inserts.add(name);
  return reply.header('content-type', JSON_TYPE).send(JSON.stringify({ name }));
});

await listen(app);
