/** Clients that are made of nothing but the document work as they are. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { send } from '../support/http.js';
import { scratchFolder } from '../support/scratch.js';
import { withService } from '../support/service.js';

const run = promisify(execFile);

const KEY = 'an-operators-own-key-0123456789';

const service = withService({
  env: { AUTH: 'required', ADMIN_KEY: KEY },
  ending: () => rm(folder, { recursive: true, force: true }),
});
let folder: string;

beforeAll(async () => {
  folder = await scratchFolder();
});

const TYPED = `
import type { paths } from './calls.js';

type Success<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  responses: { 200: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;

type Body<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  requestBody?: { content: { 'application/json': infer Sent } };
}
  ? Sent
  : undefined;

export class Client {
  constructor(private readonly url: string, private readonly key: string) {}

  async call<P extends keyof paths & string, M extends keyof paths[P] & string>(
    method: M,
    path: P,
    parameters: Readonly<Record<string, string>>,
    body?: Body<P, M>,
  ): Promise<Success<P, M>> {
    const address = path.replace(/\\{(\\w+)\\}/g, (_found, name: string) => encodeURIComponent(parameters[name] ?? ''));
    const answer = await fetch(this.url + address, {
      method: method.toUpperCase(),
      headers: { authorization: 'Bearer ' + this.key, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()) as Success<P, M>;
  }
}

export async function count(url: string, key: string): Promise<(number | string | undefined)[]> {
  const client = new Client(url, key);
  const name = 'page:/typed';
  const first = await client.call('post', '/v1/counters/{name}/increment', { name }, { by: 5 });
  const second = await client.call('post', '/v1/counters/{name}/decrement', { name });
  const { data } = await client.call('post', '/v1/reads', {}, { names: [name, 'none'] });
  const { results } = await client.call('post', '/v1/increments', {}, { increments: [{ name, by: 6 }] });
  const { guard } = await client.call('get', '/v1/admin/cache', {});
  // @ts-expect-error a field that is not known
  void (() => client.call('post', '/v1/counters/{name}/increment', { name }, { byy: 5 }));
  // @ts-expect-error a string for a number
  void (() => client.call('post', '/v1/counters/{name}/increment', { name }, { by: '5' }));
  return [first.value, second.value, data[0]?.value, data.length, results[0]?.counter?.value, typeof guard];
}
`;

const WRITTEN = `
import { createClient } from './written/client/index.js';
import { incrementCounter, readCounter, resetCounter, setCounter, type Counter, type Problem } from './written/index.js';

const REFUSED: Problem['code'] = 'not_found';

export async function count(baseUrl: string, auth: string): Promise<unknown[]> {
  const client = createClient({ baseUrl, auth });
  const path = { name: 'page:/écrit?' };
  const first = await incrementCounter({ client, path, body: { by: 5 } });
  const again = { client, path, headers: { 'Idempotency-Key': 'written' } };
  const replayed = [await incrementCounter(again), await incrementCounter(again)];
  const set = await setCounter({ client, path, body: { value: 40, max: 41 } });
  const read = await readCounter({ client, path, throwOnError: true });
  const counter: Counter = read.data;
  const absent = await resetCounter({ client, path: { name: 'none' } });
  const beyond = await incrementCounter({ client, path, body: { by: 2 } });
  const stranger = await incrementCounter({ client, path, auth: 'ec_unknown' });
  const code: Problem['code'] | undefined = absent.error?.code;
  // @ts-expect-error a field that is not known
  void (() => incrementCounter({ client, path, body: { byy: 5 } }));
  // @ts-expect-error a code that no problem has
  void (() => absent.error?.code === 'none');
  // @ts-expect-error no name
  void (() => incrementCounter({ client }));
  return [
    [first.data?.value, ...replayed.map(({ data }) => data?.value)],
    [set.data?.value, counter.value, counter.max],
    [code === REFUSED, absent.response.status, absent.error?.status],
    [beyond.error?.code, stranger.error?.code],
  ];
}
`;

/** Type checks all files in one go, and writes JavaScript to a folder beside them. */
const compile = (files: readonly string[]): string[] => {
  const program = ts.createProgram(files, {
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    rootDir: folder,
    outDir: join(folder, 'compiled'),
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [join(process.cwd(), 'node_modules/@types')],
  });
  program.emit();
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
};

describe('a TypeScript client made of the document', () => {
  let diagnostics: string[];
  beforeAll(async () => {
    const document = `${service.app.url}/openapi.json`;
    const { body } = await send(service.app.url, 'GET', '/openapi.json');
    const heyApi = [join(process.cwd(), 'node_modules/@hey-api/openapi-ts/bin/run.js'), '--silent', '--no-log-file'];
    await Promise.all([
      writeFile(join(folder, 'package.json'), '{"type":"module"}'),
      writeFile(join(folder, 'calls.ts'), astToString(await openapiTS(body))),
      writeFile(join(folder, 'typed.ts'), TYPED),
      writeFile(join(folder, 'written.ts'), WRITTEN),
      run(process.execPath, [...heyApi, '--input', document, '--output', 'written'], { cwd: folder }),
    ]);
    diagnostics = compile(['typed.ts', 'written.ts'].map((name) => join(folder, name)));
  });

  it('is strict TypeScript, and takes only what is described', () => expect(diagnostics).toEqual([]));

  it.each([
    ['of types by openapi-typescript', 'typed', [5, 4, 4, 2, 10, 'string']],
    [
      'of calls by @hey-api/openapi-ts',
      'written',
      [
        [5, 6, 6],
        [40, 40, 41],
        [true, 404, 404],
        ['out_of_bounds', 'unauthorized'],
      ],
    ],
  ])('%s counts', async (_, name, counted) => {
    const { count } = (await import(pathToFileURL(join(folder, 'compiled', `${name}.js`)).href)) as {
      count: (url: string, key: string) => Promise<unknown[]>;
    };
    expect(await count(service.app.url, KEY)).toEqual(counted);
  });
});

const PYTHON = `
import json, sys, urllib.parse, urllib.request

url, key = sys.argv[1:]
document = json.load(urllib.request.urlopen(url + '/openapi.json'))


def call(operation, body=None, headers={}, **parameters):
    for path, methods in document['paths'].items():
        for method, described in methods.items():
            if described['operationId'] == operation:
                break
        else:
            continue
        break
    query = {}
    for parameter in described['parameters']:
        if parameter['name'] not in parameters:
            continue
        value = parameters[parameter['name']]
        if parameter['in'] == 'path':
            path = path.replace('{%s}' % parameter['name'], urllib.parse.quote(value, safe=''))
        elif parameter['in'] == 'query':
            query[parameter['name']] = value
    address = url + path + ('?' + urllib.parse.urlencode(query, doseq=True) if query else '')
    request = urllib.request.Request(address, method=method.upper(), headers=dict(headers))
    if described['security']:
        request.add_header('Authorization', 'Bearer ' + key)
    if body is not None:
        request.add_header('Content-Type', next(iter(described['requestBody']['content'])))
        request.data = json.dumps(body).encode()
    answer = urllib.request.urlopen(request)
    assert str(answer.status) in described['responses'], answer.status
    return json.loads(answer.read() or 'null')


name = 'page:/пример?'
first = call('incrementCounter', name=name, body={'by': 5})
again = [call('incrementCounter', name=name, headers={'Idempotency-Key': 'once'}) for _ in range(2)]
page = call('listCounters', prefix='page:/пр', limit=10)
gone = call('deleteCounter', name=name)
print(json.dumps([first['value'], [one['value'] for one in again], [one['name'] for one in page['data']], gone]))
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;

(hasPython ? it : it.skip)('thirty lines of Python, driven by the document, count', async () => {
  const file = join(folder, 'client.py');
  await writeFile(file, PYTHON);
  const { stdout } = await run('python3', [file, service.app.url, KEY]);
  expect(JSON.parse(stdout)).toEqual([5, [6, 6], ['page:/пример?'], null]);
});
