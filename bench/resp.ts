/** The service over the Redis protocol, beside Redis with an append-only file and without one. */
import { freePort } from '../src/embedded/free-port.js';
import { type Fsync, inRedis, type SeparateService, type Subject } from './arena.js';
import type { Entrant, Field } from './entrants.js';
import { measure } from './measurement.js';
import { findRedisBenchmark, type RedisBenchmark, type RedisLoad } from './redis-benchmark.js';

/** As many names as in the contests over HTTP. */
const MANY = 10_000;

/** Commands in a pipeline, where there is one. */
const PIPELINE = 16;

/** Of a rate limit. */
const WINDOW_MS = 60_000;

const hot = (...command: readonly string[]): RedisLoad => ({ command, range: 1, pipeline: 1 });
const many = (...command: readonly string[]): RedisLoad => ({ command, range: MANY, pipeline: 1 });
const piped = (load: RedisLoad): RedisLoad => ({ ...load, pipeline: PIPELINE });

/** What redis-benchmark puts a number in the place of, and how many digits that has. */
const PLACE = '__rand_int__';
const DIGITS = 12;

/** Counters that are brought into being by one command. */
const SEED_STEP = 500;

/** A window, by what Redis has for it: two commands that must not be separated. */
const WINDOW_SCRIPT = `local n = redis.call('INCR', KEYS[1]) redis.call('PEXPIRE', KEYS[1], ${WINDOW_MS}, 'NX') return n`;

/** What a contest over the Redis protocol has of its own. */
export interface RespContest {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly judged: boolean;
  readonly entrants: readonly Entrant[];
}

/** None where there is no redis-benchmark. */
export function respContests(field: Field): RespContest[] {
  const program = findRedisBenchmark();
  if (program === null) return [];
  const beside = (load: RedisLoad, ofRedis = load): Entrant[] => [
    serviceOverResp(field, program, load),
    plainRedis(field, program, ofRedis, 'always'),
    plainRedis(field, program, ofRedis, 'everysec'),
    plainRedis(field, program, ofRedis, null),
  ];
  const ceiled = (load: RedisLoad): Entrant[] => [...beside(load), constantOnNode(field, program, load)];
  const about = 'By redis-benchmark; Redis answers the same commands itself, without anything in front of it.';
  return [
    {
      key: 'resp-hot',
      title: 'INCR of one hot counter, over the Redis protocol',
      about,
      judged: true,
      entrants: ceiled(hot('INCR', 'hot')),
    },
    {
      key: 'resp-hot-piped',
      title: `INCR of one hot counter, ${PIPELINE} in a pipeline`,
      about,
      judged: true,
      entrants: ceiled(piped(hot('INCR', 'hot'))),
    },
    {
      key: 'resp-many-piped',
      title: `INCR of 10,000 counters, ${PIPELINE} in a pipeline`,
      about,
      judged: true,
      entrants: beside(piped(many('INCR', 'many:__rand_int__'))),
    },
    {
      key: 'resp-get-piped',
      title: `GET of one counter, ${PIPELINE} in a pipeline`,
      about,
      judged: true,
      entrants: beside(piped(hot('GET', 'hot'))),
    },
    {
      key: 'resp-get-many-piped',
      title: `GET of 10,000 counters, ${PIPELINE} in a pipeline`,
      about,
      judged: false,
      entrants: beside(piped(many('GET', 'many:__rand_int__'))),
    },
    {
      key: 'resp-window-piped',
      title: `Windows of a rate limit, 10,000 of them, ${PIPELINE} in a pipeline`,
      about: `By redis-benchmark: \`INCREX name PX ${WINDOW_MS} ENX\`; Redis does it by \`INCR\` and \`PEXPIRE … NX\` in one script.`,
      judged: false,
      entrants: beside(
        piped(many('INCREX', 'window:__rand_int__', 'PX', String(WINDOW_MS), 'ENX')),
        piped(many('EVAL', WINDOW_SCRIPT, '1', 'window:__rand_int__')),
      ),
    },
  ];
}

interface Started {
  readonly service: SeparateService;
  readonly url: string;
}

const services = new WeakMap<Field, Promise<Started>>();

/** One for all contests. */
function startedService(field: Field): Promise<Started> {
  const found = services.get(field) ?? start(field);
  services.set(field, found);
  return found;
}

async function start({ arena }: Field): Promise<Started> {
  const port = await freePort();
  const service = await arena.separateService('resp', { environment: { RESP_PORT: String(port) } });
  return { service, url: `redis://127.0.0.1:${port}` };
}

function serviceOverResp(field: Field, program: RedisBenchmark, load: RedisLoad): Entrant {
  return {
    key: 'service-resp',
    label: 'evercount',
    items: 1,
    prepare: async () => seed((await startedService(field)).url, load),
    run: async (connections, seconds) => {
      const { service, url } = await startedService(field);
      return loaded(field, program, { subject: service.subject, url, load }, connections, seconds);
    },
  };
}

function plainRedis(field: Field, program: RedisBenchmark, load: RedisLoad, fsync: Fsync | null): Entrant {
  const start = () => field.arena.plainRedis(fsync);
  return {
    key: fsync === null ? 'redis' : `redis-${fsync}`,
    label: fsync === null ? 'Redis, keeps nothing' : `Redis, appendfsync ${fsync}`,
    base: 'redis-always',
    items: 1,
    prepare: async () => seed((await start()).url, load),
    run: async (connections, seconds) => {
      const redis = await start();
      const subject = { urls: [], pids: [], redisPid: redis.pid() };
      return loaded(field, program, { subject, url: redis.url, load }, connections, seconds);
    },
  };
}

/** What Node could do if there were nothing to do. */
function constantOnNode({ arena }: Field, program: RedisBenchmark, load: RedisLoad): Entrant {
  return {
    key: 'constant-resp',
    label: 'Node, constant answer',
    base: 'redis-always',
    items: 1,
    prepare: () => Promise.resolve(),
    run: async (connections, seconds) => {
      const subject = await arena.opponent('constant-resp');
      return loaded({ arena }, program, { subject, url: subject.urls[0] ?? '', load }, connections, seconds);
    },
  };
}

/** Brings into being what is read. */
async function seed(url: string, { command: [word, name = ''], range }: RedisLoad): Promise<void> {
  if (word !== 'GET') return;
  const names = Array.from({ length: range }, (_, index) => name.replace(PLACE, String(index).padStart(DIGITS, '0')));
  await inRedis(url, async (client) => {
    for (let next = 0; next < names.length; next += SEED_STEP) {
      await client.mset(...names.slice(next, next + SEED_STEP).flatMap((one) => [one, '1']));
    }
  });
}

interface Loaded {
  readonly subject: Subject;
  readonly url: string;
  readonly load: RedisLoad;
}

async function loaded(
  { arena }: Pick<Field, 'arena'>,
  program: RedisBenchmark,
  { subject, url, load }: Loaded,
  connections: number,
  seconds: number,
): ReturnType<Entrant['run']> {
  const postgresPid = (await arena.postgres()).pid();
  return measure({ subject, postgresPid }, () => program.run(url, load, connections, seconds));
}
