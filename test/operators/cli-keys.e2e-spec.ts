/** API keys by the operator's command, against a service that asks for them. */
import { expect, it } from '@jest/globals';
import { type CliResult, runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService({ env: { AUTH: 'required' } });

const cli = (line: string): Promise<CliResult> => runCli(line.split(' '), { env: service.variables });

const increment = async (name: string, key: string): Promise<number> => {
  const headers = { authorization: `Bearer ${key}` };
  return (await send(service.app.url, 'POST', `/v1/counters/${name}/increment`, { headers })).status;
};

const idOf = (key: string): string => key.split('_')[1] ?? '';

it('a key that was made may do what it was made for, until it is revoked', async () => {
  const made = await cli('keys create shop --scopes read,write --prefix shop:');
  const key = made.out.trim();
  expect(made).toMatchObject({ code: 0, err: expect.stringContaining('only time') });
  expect([await increment('shop:a', key), await increment('other', key)]).toEqual([200, 403]);

  expect(await cli(`keys revoke ${idOf(key)}`)).toMatchObject({ code: 64, err: expect.stringContaining('--yes') });
  expect((await cli(`keys revoke ${idOf(key)} --dry-run`)).code).toBe(0);
  expect(await increment('shop:a', key)).toBe(200);
  expect((await cli(`keys revoke ${idOf(key)} --yes`)).code).toBe(0);
  await eventually(async () => (await increment('shop:a', key)) === 401);
  expect((await cli('keys list')).out).toMatch(/shop +read,write +shop: +revoked/);
});

it('a rotated key is good under its old secret and its new one', async () => {
  const { key, id } = JSON.parse((await cli('keys create rotated --scopes write --json')).out) as Record<
    string,
    string
  >;
  const next = (await cli(`keys rotate ${id} --overlap-hours 1`)).out.trim();
  expect(idOf(next)).toBe(id);
  expect([await increment('r', key ?? ''), await increment('r', next)]).toEqual([200, 200]);
});

it('a key with a quota of its own brings so many names into being', async () => {
  const key = (await cli('keys create small --scopes write --max-names 1')).out.trim();
  expect([await increment('small:a', key), await increment('small:b', key)]).toEqual([200, 403]);
  expect((await cli('keys list')).out).toMatch(/small +write +good +1 of 1 /);
  expect((await cli('keys create none --scopes write --max-names none')).code).toBe(64);
});

it('a key whose secret is in the wrong hands is rotated at once', async () => {
  const key = (await cli('keys create leaked --scopes write')).out.trim();
  const next = (await cli(`keys rotate ${idOf(key)}`)).out.trim();
  expect([await increment('r', key), await increment('r', next)]).toEqual([200, 200]);
  const now = (await cli(`keys rotate ${idOf(key)} --now`)).out.trim();
  // Neither the one before, nor the one before that.
  for (const old of [key, next]) await eventually(async () => (await increment('r', old)) === 401);
  expect(await increment('r', now)).toBe(200);
  expect((await cli(`keys rotate ${idOf(key)} --now --overlap-hours 1`)).code).toBe(64);
  // What no calendar has.
  expect((await cli(`keys rotate ${idOf(key)} --overlap-hours 9007199254740991`)).code).toBe(64);
  expect((await cli('keys create long --scopes read --expires-in-days 5000000')).code).toBe(64);
});

it('what cannot be a key is refused, and nothing is made', async () => {
  const before = (await cli('keys list --json')).out;
  expect(await cli('keys create a --scopes read,fly')).toMatchObject({
    code: 64,
    err: expect.stringContaining('admin'),
  });
  expect((await cli('keys create a')).code).toBe(64);
  expect(await cli('keys rotate nobody')).toMatchObject({ code: 1, err: expect.stringContaining('keys list') });
  expect((await cli('keys list --json')).out).toBe(before);
  expect(before).not.toContain('digest');
});
