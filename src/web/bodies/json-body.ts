import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Clock } from '../../counters/clock.js';
import { Turns } from '../../counters/turns.js';
import { BODY_BYTES } from '../connections/limits.js';
import { scanJson } from './json-scan.js';
import { ProblemError, refuse } from '../problems/problem.js';

const gunzipped = promisify(gunzip);

/** Read as UTF-8, what was written in another charset could name another counter. ASCII reads the same. */
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?(?:utf-?8|us-ascii)"?\s*(?:;|$))/i;

/** Large bodies take a quarter of the time at most: whoever asks meanwhile is held up at each of some steps. */
const REST_TIMES = 3;

/**
 * Makes a Fastify instance read bodies of JSON and nothing else, large ones one at a time. An empty body is undefined,
 * whatever its type. What was read is paid for, whatever it turns out to be, and however it was cut off. Refused are other
 * types (415), compressed bodies (415) but where a route takes gzip, bytes that are no UTF-8, more levels or members than
 * any call takes, broken JSON, a member given twice (one of the two would be ignored), and members that would change an
 * object's prototype.
 */
export function readJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  const valueOf = (body: Buffer, request: FastifyRequest): unknown => {
    if (OTHER_CHARSET.test(request.headers['content-type'] ?? '')) throw unsupported('The body must be UTF-8.');
    if (!isUtf8(body)) refuse('The body is not valid UTF-8.');
    const colons = scanJson(body);
    const text = body.toString('utf8');
    const read: { fault: Error | null; value: unknown } = { fault: null, value: undefined };
    // Calls back before it returns; going on inside the callback would take a fault of a handler for one of the body.
    void parse(request, text, (fault, value?: unknown) => Object.assign(read, { fault, value }));
    if (read.fault !== null) refuse('The body is not valid JSON, or has a member named "__proto__".');
    // Of a member that is there twice, only one is in the value.
    if (colons !== membersOf(read.value)) refuse('The body has a member twice.');
    return read.value;
  };
  // In which nothing else is done: some ten milliseconds for a batch.
  const turns = new Turns(new Clock(), REST_TIMES);
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    request.charge({ bytes: body.length });
    const encoding = request.headers['content-encoding'] ?? 'identity';
    const inTurn = (work: () => Promise<unknown>): void => {
      turns.take(request.grant?.keyId ?? request.ip, work).then((value) => done(null, value), done);
    };
    // Where no route takes the request, that is what to tell, whatever the body.
    if (body.length === 0 || request.is404) done(null, undefined);
    else if (encoding === 'gzip' && takesGzip(request))
      inTurn(async () => valueOf(await unpacked(body, request), request));
    else if (encoding !== 'identity') throw unsupported('The body must not be compressed.');
    else if (body.length <= BODY_BYTES) done(null, valueOf(body, request));
    else inTurn(() => Promise.resolve(valueOf(body, request)));
  });
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done) => {
    if (body.length > 0 && !request.is404)
      throw unsupported('The body must be JSON, with "Content-Type: application/json".');
    done(null, undefined);
  });
  server.addHook('onError', (request, _reply, error, done) => {
    if (wasCutOff(request, error)) request.charge({ bytes: request.routeOptions.bodyLimit });
    done();
  });
}

/** Without a length it is found out only when as much as the limit has been read. */
function wasCutOff({ headers }: FastifyRequest, { code }: Error & { code?: string }): boolean {
  return code === 'FST_ERR_CTP_BODY_TOO_LARGE' && headers['content-length'] === undefined;
}

function takesGzip({ routeOptions }: FastifyRequest): boolean {
  const config: object = routeOptions.config;
  return 'takesGzip' in config && config.takesGzip === true;
}

/** No more than the body might have been without: a few bytes can stand for a gigabyte. What it comes to is paid for. */
async function unpacked(body: Buffer, request: FastifyRequest): Promise<Buffer> {
  const { bodyLimit } = request.routeOptions;
  const text = await gunzipped(body, { maxOutputLength: bodyLimit }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      refuse('The body is no gzip, as it says it is.');
    request.charge({ bytes: bodyLimit });
    throw new ProblemError('too_large', 'The body is longer than this call takes.');
  });
  request.charge({ bytes: text.length });
  return text;
}

function unsupported(detail: string): ProblemError {
  return new ProblemError('unsupported_media_type', detail);
}

/** Counts members at any depth. */
function membersOf(value: unknown): number {
  let members = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const part = open.pop();
    if (typeof part !== 'object' || part === null) continue;
    const inner: unknown[] = Object.values(part);
    if (!Array.isArray(part)) members += inner.length;
    for (const item of inner) open.push(item);
  }
  return members;
}
