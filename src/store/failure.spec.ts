import pg from 'pg';
import { failureOf, refusalOf } from './failure.js';

const answered = (code: string, severity = 'ERROR'): pg.DatabaseError =>
  Object.assign(new pg.DatabaseError('x', 1, 'error'), { code, severity });

describe('what Postgres does for nobody is no fault of what was asked:', () => {
  it.each(['25006', '25001', '26000', '42501', '42P01', '42P05', '3F000', '53100', '53200', '58030'])('%s', (code) => {
    const failure = failureOf(answered(code));
    expect([failure.fate, refusalOf(failure)]).toEqual(['rolled_back', code]);
  });

  it.each([
    // Nobody knows what came of a statement whose server, or session, ended with it.
    ['53100', 'PANIC', 'unknown'],
    ['58030', 'FATAL', 'unknown'],
    ['53100', 'FEHLER', 'unknown'],
    ['57P01', 'FATAL', 'unknown'],
    ['25P03', 'FATAL', 'unknown'],
    ['25P04', 'FATAL', 'unknown'],
    ['57014', 'ERROR', 'rolled_back'],
    ['22003', 'ERROR', 'rejected'],
    ['42601', 'ERROR', 'rejected'],
  ])('%s as %s is %s', (code, severity, fate) => {
    expect(failureOf(answered(code, severity)).fate).toBe(fate);
  });
});

it('a fault of this program is not blamed on Postgres', () => {
  const fault = new TypeError('x is not a function');
  expect(() => failureOf(fault)).toThrow(fault);
});
