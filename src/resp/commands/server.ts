import type { CacheGuard } from '../../counters/guard/cache-guard.js';
import { arityError, CommandError } from '../../wire/resp/command-error.js';
import { int64Of, NOT_AN_INTEGER } from '../../wire/resp/integers.js';
import { array, bulk, bulks, error, integer, map, verbatim } from '../../wire/resp/reply.js';
import { printable } from '../../wire/resp/request-parser.js';
import { VERSION } from '../../wire/resp/version.js';
import type { Clients } from '../clients.js';
import { type Command, told } from '../command.js';
import { matcherOf } from '../glob.js';

const own = { rule: 'ownRights', names: null, flags: ['loading', 'stale', 'fast'], group: 'server' } as const;

/** What benchmarks and clients ask of a server's configuration. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  appendfsync: 'always',
  appendonly: 'yes',
  databases: '1',
  maxmemory: '0',
  'maxmemory-policy': 'noeviction',
  save: '',
  timeout: '0',
};

/** What is asked of a server. */
export interface Instance {
  readonly guard: CacheGuard;
  readonly clients: Clients;
  /** 40 hexadecimal digits, another one after each start. */
  readonly runId: string;
  readonly startedAtMs: number;
  readonly port: () => number | null;
}

/** About the service, as clients and benchmarks of Redis ask. */
export function serverCommands(instance: Instance): readonly Command[] {
  return [
    {
      ...own,
      name: 'time',
      arity: 1,
      summary: 'Answers the seconds since 1970, and the microseconds beyond, by the clock of the process.',
      syntax: '',
      plan: () => {
        const nowMs = Date.now();
        return told(bulks([String(Math.floor(nowMs / 1_000)), String((nowMs % 1_000) * 1_000)]));
      },
    },
    {
      ...own,
      name: 'role',
      arity: 1,
      summary: 'Answers master: every instance takes writes.',
      syntax: '',
      plan: () => told(array([bulk('master'), integer(0), array([])])),
    },
    {
      ...own,
      name: 'wait',
      arity: 3,
      summary: 'Answers 0: what was answered is in Postgres, and its replicas are its own business.',
      syntax: 'numreplicas timeout',
      plan: ([, replicas = '', timeout = '']) => {
        int64Of(replicas);
        notNegative(timeout, 'ERR timeout is not an integer or out of range');
        return told(integer(0));
      },
    },
    {
      ...own,
      name: 'waitaof',
      arity: 4,
      summary: 'Answers 1 and 0: what was answered is on disk.',
      syntax: 'numlocal numreplicas timeout',
      plan: ([, local = '', replicas = '', timeout = '']) => {
        if (notNegative(local, NOT_AN_INTEGER) > 1)
          throw new CommandError('ERR value is out of range, must be between 0 and 1');
        notNegative(replicas, NOT_AN_INTEGER);
        notNegative(timeout, 'ERR timeout is not an integer or out of range');
        return told(array([integer(1), integer(0)]));
      },
    },
    {
      ...own,
      name: 'config',
      arity: -2,
      summary: 'GET of what benchmarks and clients ask.',
      differs: 'The service is configured by its environment: there is no SET.',
      syntax: 'GET parameter [parameter ...]',
      plan: ([, subcommand = '', ...patterns], { client: { protocol } }) => {
        const word = subcommand.toUpperCase();
        if (word === 'HELP') return told(bulks(['CONFIG <subcommand> [<arg> ...]. Subcommands are:', 'GET <pattern>']));
        if (word !== 'GET') {
          return told(error(`ERR unknown subcommand '${printable(subcommand)}'. Try CONFIG HELP.`));
        }
        if (patterns.length === 0) throw new CommandError(arityError('config|get'));
        const matchers = patterns.map((pattern) => matcherOf(pattern.toLowerCase()));
        const found = Object.entries(CONFIGURATION).filter(([name]) => matchers.some((matches) => matches(name)));
        return told(
          map(
            protocol,
            found.map(([name, value]) => [name, bulk(value)] as const),
          ),
        );
      },
    },
    {
      ...own,
      name: 'info',
      arity: -1,
      summary: 'Tells of the server, section by section; `evercount` says whether entries of the cache may be served.',
      syntax: '[section [section ...]]',
      plan: ([, ...sections], { client: { protocol } }) => told(verbatim(protocol, infoOf(instance, sections))),
    },
  ];
}

/** @throws CommandError */
function notNegative(text: string, fault: string): number {
  if (!/^-?\d{1,18}$/.test(text)) throw new CommandError(fault);
  if (Number(text) < 0) throw new CommandError('ERR timeout is negative');
  return Number(text);
}

function infoOf({ guard, clients, runId, startedAtMs, port }: Instance, wanted: readonly string[]): string {
  const seconds = Math.floor((performance.now() - startedAtMs) / 1_000);
  const { postgres, redis } = guard.health();
  const sections: Record<string, Readonly<Record<string, string | number>>> = {
    Server: {
      redis_version: VERSION,
      redis_mode: 'standalone',
      server_name: 'evercount',
      os: process.platform,
      process_id: process.pid,
      run_id: runId,
      tcp_port: port() ?? 0,
      uptime_in_seconds: seconds,
      uptime_in_days: Math.floor(seconds / 86_400),
    },
    Clients: { connected_clients: clients.count, blocked_clients: 0 },
    Memory: { used_memory: process.memoryUsage.rss(), maxmemory: 0, maxmemory_policy: 'noeviction' },
    Persistence: {
      loading: 0,
      async_loading: 0,
      aof_enabled: 1,
      aof_last_write_status: 'ok',
      rdb_bgsave_in_progress: 0,
    },
    Replication: { role: 'master', connected_slaves: 0, master_replid: runId, master_repl_offset: 0 },
    Evercount: {
      postgres,
      redis,
      reads: guard.isServing ? 'cached' : postgres === 'up' ? 'postgres' : 'unverified',
    },
    Keyspace: {},
  };
  const names = wanted.map((name) => name.toLowerCase());
  const all = names.length === 0 || names.some((name) => ['all', 'default', 'everything'].includes(name));
  return Object.entries(sections)
    .filter(([name]) => all || names.includes(name.toLowerCase()))
    .map(([name, lines]) =>
      [`# ${name}`, ...Object.entries(lines).map(([line, value]) => `${line}:${value}`), ''].join('\r\n'),
    )
    .join('\r\n');
}
