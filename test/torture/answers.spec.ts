import { breachIn, fateOf, fatesOf, isFinal } from './answers.js';
import type { HttpOutcome } from './http-client.js';

const answer = (status: number, body: object, headers: Record<string, string> = {}): HttpOutcome => ({
  kind: 'answer',
  status,
  headers,
  body: JSON.stringify(body),
});

const refusal = (status: number, code: string): HttpOutcome => answer(status, { code });

describe('what an answer says about a write', () => {
  it('is that it counted, only where the service said so', () => {
    const fate = fateOf(answer(200, { value: 5, version: 2 }, { 'idempotent-replayed': 'true' }));
    expect(fate).toMatchObject({ kind: 'ok', value: 5, version: 2, replayed: true });
    expect(isFinal(fate)).toBe(true);
  });

  it.each([
    ['unavailable', refusal(503, 'unavailable'), false],
    ['nobody listens', { kind: 'not_sent', cause: 'ECONNREFUSED' } as const, false],
    ['out_of_bounds', refusal(409, 'out_of_bounds'), true],
    ['value_overflow', refusal(422, 'value_overflow'), true],
    ['version_mismatch', refusal(412, 'version_mismatch'), true],
  ])('is that it did not count: %s', (_why, outcome, final) => {
    const fate = fateOf(outcome);
    expect([fate.kind, isFinal(fate)]).toEqual(['refused', final]);
  });

  it.each([
    ['outcome_unknown', refusal(503, 'outcome_unknown')],
    ['in_progress', refusal(409, 'in_progress')],
    ['internal', refusal(500, 'internal')],
    ['no answer', { kind: 'no_answer', cause: 'ECONNRESET' } as const],
  ])('is nothing: %s', (_why, outcome) => {
    const fate = fateOf(outcome);
    expect([fate.kind, isFinal(fate)]).toEqual(['unknown', false]);
  });

  it('is told for each item of a batch, or for all of them', () => {
    const items = [
      { status: 200, counter: { value: 1, version: 1 } },
      { status: 409, problem: { code: 'out_of_bounds' } },
      { status: 503, problem: { code: 'outcome_unknown' } },
    ];
    expect(fatesOf(answer(200, { results: items }), 3).map(({ kind }) => kind)).toEqual(['ok', 'refused', 'unknown']);
    expect(fatesOf(refusal(503, 'unavailable'), 2).map(({ kind }) => kind)).toEqual(['refused', 'refused']);
  });
});

describe('an answer that nobody should get', () => {
  it.each([refusal(500, 'internal'), refusal(400, 'invalid_request'), refusal(422, 'idempotency_key_reused')])(
    'is a breach',
    (outcome) => {
      expect(breachIn(outcome)).not.toBeNull();
    },
  );

  it.each([
    answer(200, { value: 1, version: 1 }),
    refusal(503, 'unavailable'),
    refusal(404, 'not_found'),
    { kind: 'no_answer', cause: 'timeout' } as const,
  ])('is not one that an outage explains', (outcome) => {
    expect(breachIn(outcome)).toBeNull();
  });
});
