/** What one would write at first: one upsert and one `SET` for each increment; reads from Redis, else from Postgres. */
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import pg from 'pg';
import { JSON_TYPE, listen, nameIn, variable } from './listen.js';
import { CREATE_TABLE, UPSERT } from './upsert.js';

interface Row {
  readonly name: string;
  /** bigint arrives as text. */
  readonly value: string;
}

// As many connections as the service has.
const pool = new pg.Pool({ connectionString: variable('DATABASE_URL'), max: 10 });
const redis = new Redis(variable('REDIS_URL'), { enableAutoPipelining: true });
const app = fastify();

const jsonOf = ({ name, value }: Row) => JSON.stringify({ name, value: Number(value) });

app.post('/v1/counters/:name/increment', async (request, reply) => {
  const { rows } = await pool.query<Row>({ name: 'upsert', text: UPSERT, values: [nameIn(request)] });
  const json = rows.map(jsonOf).join('');
  await redis.set(nameIn(request), json);
  return reply.header('content-type', JSON_TYPE).send(json);
});

app.get('/v1/counters/:name', async (request, reply) => {
  const cached = await redis.get(nameIn(request));
  if (cached !== null) return reply.header('content-type', JSON_TYPE).send(cached);
  const text = 'SELECT name, value FROM upserted WHERE name = $1';
  const { rows } = await pool.query<Row>({ name: 'select', text, values: [nameIn(request)] });
  const json = rows.map(jsonOf).join('');
  if (json === '') return reply.code(404).send();
  await redis.set(nameIn(request), json);
  return reply.header('content-type', JSON_TYPE).send(json);
});

await pool.query(CREATE_TABLE);
await listen(app);
