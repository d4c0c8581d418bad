/** Several servers of one database in one URL, as libpq has it: `postgres://u:p@h1:5432,h2:5433/db?…`. */
import { addressOf, placeOf } from './address.js';

/** More are no cluster any more; each costs a connection of every instance. */
const MOST_HOSTS = 16;

const DEFAULT_PORT = 5432;

/** The parts of a URL around its hosts. */
const PARTS = /^(?<before>postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?<hosts>[^/?#@]*)(?<after>[/?#].*)?$/;

/** What asks for the server that takes writes, in libpq's words. */
const PRIMARY = ['read-write', 'primary'];

/**
 * The URLs that a URL stands for, one for each of its hosts, with the same user, database and parameters.
 *
 * @throws DatabaseHostsFault
 */
export function databaseHosts(url: string): readonly [string, ...string[]] {
  const { before = '', hosts = '', after = '' } = PARTS.exec(url)?.groups ?? {};
  const [path = '', query = ''] = after.split(/\?(.*)/s, 2);
  const parameters = new URLSearchParams(query);
  const attributes = parameters.get('target_session_attrs') ?? 'any';
  const [first = '', ...others] = hosts.split(',');
  if (parameters.getAll('host').some((host) => host.includes(','))) {
    throw new DatabaseHostsFault('several hosts before the name of the database, not as a parameter');
  }
  if (![...PRIMARY, 'any'].includes(attributes)) {
    throw new DatabaseHostsFault('target_session_attrs=read-write or primary: no standby can be counted on');
  }
  if (others.length === 0) return [attributes === 'any' ? url : urlOf(first)];
  if (!PRIMARY.includes(attributes)) {
    throw new DatabaseHostsFault('?target_session_attrs=read-write beside several hosts');
  }
  if (others.length >= MOST_HOSTS) throw new DatabaseHostsFault(`at most ${MOST_HOSTS} hosts`);
  const names = [first, ...others].map(nameOf);
  if (new Set(names).size < names.length) throw new DatabaseHostsFault('each host once');
  return [urlOf(first), ...others.map(urlOf)];

  function urlOf(host: string): string {
    // Of libpq's parameters this one alone is ours: pg knows no several hosts.
    const rest = query.split('&').filter((parameter) => !parameter.startsWith('target_session_attrs='));
    return `${before}${host}${path}${rest.join('&') === '' ? '' : `?${rest.join('&')}`}`;
  }
}

function nameOf(host: string): string {
  const address = addressOf(host, DEFAULT_PORT);
  if (address === null) {
    throw new DatabaseHostsFault('between commas a host, or host:port, as in h1:5432,h2:5433');
  }
  return placeOf(address).toLowerCase();
}

/** What such a URL takes instead, for "… takes" before it. */
export class DatabaseHostsFault extends Error {
  override readonly name = 'DatabaseHostsFault';
}
