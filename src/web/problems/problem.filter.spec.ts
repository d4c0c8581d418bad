import { expect, it } from '@jest/globals';
import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { KeyInProgress, KeyReused, OutcomeUnknown, Unavailable } from '../../domain/errors.js';
import { ProblemError } from './problem.js';
import { problemOf } from './problem.filter.js';

const secret = 'SELECT password FROM users; at /srv/app.js:1';

it.each<[string, unknown, string, number]>([
  ['a problem', new ProblemError('too_large', 'x'), 'too_large', 413],
  ['Unavailable', new Unavailable('x'), 'unavailable', 503],
  ['OutcomeUnknown', new OutcomeUnknown('x'), 'outcome_unknown', 503],
  ['KeyReused', new KeyReused('x'), 'idempotency_key_reused', 422],
  ['KeyInProgress', new KeyInProgress('x'), 'in_progress', 409],
  ['a refusal by Nest', new BadRequestException('x'), 'invalid_request', 400],
  ['a thing that Nest misses', new NotFoundException('x'), 'not_found', 404],
  ['a status without a code of its own', new HttpException('x', 418), 'invalid_request', 400],
  ['an error', new Error(secret), 'internal', 500],
  ['an HTTP error of the inside', new HttpException(secret, 500), 'internal', 500],
  ['what is no error', secret, 'internal', 500],
  ['nothing', undefined, 'internal', 500],
])('%s becomes the problem it stands for', (_what, error, code, status) => {
  const problem = problemOf(error);
  expect([problem.code, problem.status]).toEqual([code, status]);
  expect(problem.message).not.toContain('SELECT');
});

it('what may be tried again says when', () => {
  expect(problemOf(new Unavailable('x', 7)).parts.retryAfterSeconds).toBe(7);
  expect(problemOf(new OutcomeUnknown('x', 3)).parts.retryAfterSeconds).toBe(3);
  expect(problemOf(new KeyInProgress('x')).parts.retryAfterSeconds).toBe(1);
});

it("Fastify's and Nest's own messages are not repeated", () => {
  const cause = Object.assign(new Error(secret), { name: 'FastifyError', statusCode: 413 });
  expect(problemOf(cause)).toMatchObject({ code: 'too_large', message: 'The body is longer than this call takes.' });
  expect(problemOf(new HttpException(secret, 415, { cause })).message).not.toContain('SELECT');
});
