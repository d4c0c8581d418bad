import { databaseHosts } from './database-hosts.js';

const PRIMARY = 'target_session_attrs=read-write';

describe('the hosts of a database URL', () => {
  it.each([
    ['postgres://h1/db', ['postgres://h1/db']],
    ['postgresql://u:p@h1:5433/db?sslmode=require', ['postgresql://u:p@h1:5433/db?sslmode=require']],
    [`postgres://h1/db?${PRIMARY}`, ['postgres://h1/db']],
    ['postgres:///db?host=/var/run/postgresql', ['postgres:///db?host=/var/run/postgresql']],
    [
      `postgres://u:p%40,@h1:5432,h2:5433,[::1]:5434/db?sslmode=verify-full&${PRIMARY}&options=-c%20jit%3Doff`,
      ['h1:5432', 'h2:5433', '[::1]:5434'].map(
        (host) => `postgres://u:p%40,@${host}/db?sslmode=verify-full&options=-c%20jit%3Doff`,
      ),
    ],
    ['postgres://h1,h2?target_session_attrs=primary', ['postgres://h1', 'postgres://h2']],
    [`postgres://h1:5432,h1:5433/?${PRIMARY}`, ['postgres://h1:5432/', 'postgres://h1:5433/']],
  ])('%s', (url, expected) => {
    expect(databaseHosts(url)).toEqual(expected);
  });

  it.each([
    ['postgres://h1,h2/db', 'target_session_attrs=read-write beside several hosts'],
    ['postgres://h1,h2/db?target_session_attrs=any', 'target_session_attrs=read-write beside several hosts'],
    ['postgres://h1,h2/db?target_session_attrs=prefer-standby', 'no standby'],
    ['postgres://h1/db?target_session_attrs=read-only', 'no standby'],
    [`postgres://h1,,h2/db?${PRIMARY}`, 'host:port'],
    [`postgres://h1,h2:/db?${PRIMARY}`, 'host:port'],
    [`postgres://h1,h2:0/db?${PRIMARY}`, 'host:port'],
    [`postgres://h1,h2:65536/db?${PRIMARY}`, 'host:port'],
    [`postgres://h1, h2/db?${PRIMARY}`, 'host:port'],
    [`postgres://h1,::1/db?${PRIMARY}`, 'host:port'],
    [`postgres://h1,H1:5432/db?${PRIMARY}`, 'each host once'],
    [`postgres:///db?host=h1,h2&${PRIMARY}`, 'not as a parameter'],
    [`postgres://${Array.from({ length: 17 }, (_, n) => `h${n}`).join()}/db?${PRIMARY}`, 'at most 16'],
  ])('refuses %s', (url, reason) => {
    expect(() => databaseHosts(url)).toThrow(reason);
  });
});
