/**
 * A Redis in one URL: `redis://u:p@host:6379`, `redis-sentinel://u:p@h1:26379,h2:26379/<name of the primary>`, or
 * `redis-cluster://u:p@h1:6379,h2:6379`.
 */

import { type Address, addressOf, placeOf } from './address.js';

/** What the jobs' keys begin with. The braces keep the queue together: in a cluster it is in one slot. */
export const QUEUE_PREFIX = '{evercount}';

/** More ask for nothing that three do not know. */
const MOST_SENTINELS = 16;

/** Of a cluster that may have hundreds: who finds one of them finds them all. */
const MOST_SEEDS = 64;

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;

const PLAIN = ['redis:', 'rediss:'];

/** User and password are those of the servers; Sentinel's own password is a setting of its own. */
const SENTINEL = /^redis(?<tls>s?)-sentinel:\/\/(?<user>[^/?#@]*@)?(?<hosts>[^/?#@]+)\/(?<name>[^/?#]+)$/;

const CLUSTER = /^redis(?<tls>s?)-cluster:\/\/(?<user>[^/?#@]*@)?(?<hosts>[^/?#@]+)\/?$/;

/** The number of a database, or nothing. */
const DATABASE = /^\/?\d{0,5}$/;

/** Who knows which server is the primary, and moves that on where it is gone. */
export interface SentinelSettings {
  readonly hosts: readonly Address[];
  /** What Sentinel calls the primary and its replicas. */
  readonly name: string;
  readonly password: string | null;
  readonly tls: boolean;
  /** Where an address leads that Sentinel tells, as `host:port`: others than it are told as they are. */
  readonly addresses: ReadonlyMap<string, Address>;
}

/** Servers of a cluster, each of which knows the others. */
export interface ClusterSettings {
  readonly seeds: readonly Address[];
  /** Where an address leads that the cluster tells, as `host:port`: others than it are told as they are. */
  readonly addresses: ReadonlyMap<string, Address>;
}

/** How a Redis is found. */
export interface RedisServers {
  /** A `redis://` or `rediss://` URL. Under Sentinel, and of a cluster, user, password and TLS alone count. */
  readonly url: string;
  /** Null where the URL leads to the primary itself. */
  readonly sentinel: SentinelSettings | null;
  /** Null where there is one primary. */
  readonly cluster: ClusterSettings | null;
}

/** What stands beside the URL. */
export interface SentinelExtras {
  readonly password: string | null;
  readonly addresses: ReadonlyMap<string, Address>;
}

/** What such a URL takes instead, for "… takes" before it. */
export class RedisServersFault extends Error {
  override readonly name = 'RedisServersFault';
}

export const REDIS_URLS =
  'a redis:// or rediss:// URL, redis-sentinel://h1:26379,h2:26379/<name of the primary>, or redis-cluster://h1:6379,h2:6379';

/** @throws RedisServersFault */
export function redisServers(url: string, extras: SentinelExtras): RedisServers {
  if (!isDecodable(url)) throw new RedisServersFault('a URL in which each % begins a code such as %25');
  const cluster = CLUSTER.exec(url)?.groups;
  if (cluster !== undefined) return clusterServers(cluster, extras);
  const found = SENTINEL.exec(url)?.groups;
  if (found === undefined) {
    if (!URL.canParse(url) || !PLAIN.includes(new URL(url).protocol)) throw new RedisServersFault(REDIS_URLS);
    if (!DATABASE.test(new URL(url).pathname)) throw new RedisServersFault('the number of a database after the host');
    return { url, sentinel: null, cluster: null };
  }
  const { tls = '', user = '', hosts = '', name = '' } = found;
  const addresses = hosts.split(',').map((host) => addressOf(host, SENTINEL_PORT));
  const [first] = addresses;
  const faulty = addresses.includes(null) || addresses.length > MOST_SENTINELS;
  const carrier = `redis${tls}://${user}${hosts.split(',', 1)[0] ?? ''}`;
  if (faulty || first === undefined || !URL.canParse(carrier)) {
    throw new RedisServersFault(
      `at most ${MOST_SENTINELS} Sentinels, each a host or host:port, with commas between them`,
    );
  }
  return {
    url: carrier,
    cluster: null,
    sentinel: {
      ...extras,
      hosts: addresses.filter((address) => address !== null),
      name: decodeURIComponent(name),
      tls: tls !== '',
    },
  };
}

function clusterServers(
  { tls = '', user = '', hosts = '' }: Readonly<Record<string, string | undefined>>,
  { addresses }: SentinelExtras,
): RedisServers {
  const seeds = hosts.split(',').map((host) => addressOf(host, REDIS_PORT));
  const url = `redis${tls}://${user}${hosts.split(',', 1)[0] ?? ''}`;
  if (seeds.includes(null) || seeds.length > MOST_SEEDS || !URL.canParse(url)) {
    throw new RedisServersFault(
      `at most ${MOST_SEEDS} servers of the cluster, each a host or host:port, with commas between them`,
    );
  }
  return { url, sentinel: null, cluster: { seeds: seeds.filter((seed) => seed !== null), addresses } };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A server of these, reached at another address with the same user, password and TLS. */
export function serverAt({ url }: RedisServers, address: Address): RedisServers {
  const at = new URL(url);
  at.host = placeOf(address);
  at.port = String(address.port);
  return { url: at.href, sentinel: null, cluster: null };
}

/** `told=reached` pairs with commas between them, each side a `host:port`; null for anything else. */
export function addressMap(text: string): ReadonlyMap<string, Address> | null {
  const map = new Map<string, Address>();
  for (const pair of text.split(',')) {
    const [told = '', reached = '', ...rest] = pair.trim().split('=');
    const [from, to] = [addressOf(told, null), addressOf(reached, null)];
    if (from === null || to === null || rest.length > 0) return null;
    map.set(placeOf(from), to);
  }
  return map;
}

/** Whether both are the same servers, as far as can be told. */
export function sharesServers(one: RedisServers, other: RedisServers): boolean {
  if (one.cluster !== null && other.cluster !== null) {
    const places = one.cluster.seeds.map(placeOf);
    return other.cluster.seeds.some((seed) => places.includes(placeOf(seed)));
  }
  if (one.cluster !== other.cluster) return false;
  if (one.sentinel !== null && other.sentinel !== null) {
    const isHost = (host: Address): boolean => placeOf(host) === placeOf(first);
    const [first = { host: '', port: 0 }] = one.sentinel.hosts;
    return one.sentinel.name === other.sentinel.name && other.sentinel.hosts.some(isHost);
  }
  return one.sentinel === other.sentinel && new URL(one.url).host === new URL(other.url).host;
}

/** For people: without a password. */
export function shownServers({ url, sentinel, cluster }: RedisServers): string {
  const { protocol, username, host, pathname } = new URL(url);
  const user = username === '' ? '' : `${username}@`;
  if (cluster !== null) return `${protocol.replace(':', '-cluster:')}//${user}${cluster.seeds.map(placeOf).join(',')}`;
  if (sentinel === null) return `${protocol}//${user}${host}${pathname === '/' ? '' : pathname}`;
  return `${protocol.replace(':', '-sentinel:')}//${user}${sentinel.hosts.map(placeOf).join(',')}/${sentinel.name}`;
}
