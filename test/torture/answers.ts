/** What an answer of the service means to whoever keeps count. */
import type { HttpOutcome } from './http-client.js';

/** The counter after a write. */
export interface Counted {
  readonly value: number;
  readonly version: number;
}

/**
 * - `ok`: it counted.
 * - `refused`: it did not count. `final`: and the same key will never count; otherwise it may be sent again.
 * - `unknown`: it may have counted, or may count yet.
 */
export type Fate =
  | ({ readonly kind: 'ok'; readonly replayed: boolean; readonly previous: number | null } & Counted)
  | { readonly kind: 'refused'; readonly final: boolean; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

interface CounterBody extends Counted {
  readonly previous?: number;
}

interface ProblemBody {
  readonly code: string;
}

interface BatchBody {
  readonly results: readonly (
    | { readonly status: 200; readonly counter: CounterBody; readonly replayed?: boolean }
    | { readonly status: 409 | 422 | 503; readonly problem: ProblemBody }
  )[];
}

const okOf = ({ value, version, previous }: CounterBody, replayed: boolean): Fate => ({
  kind: 'ok',
  value,
  version,
  previous: previous ?? null,
  replayed,
});

function fateOfProblem(code: string): Fate {
  switch (code) {
    case 'out_of_bounds':
    case 'value_overflow':
    case 'version_mismatch':
      return { kind: 'refused', final: true, why: code };
    case 'unavailable':
      return { kind: 'refused', final: false, why: code };
    default:
      // Neither a promise that it did not count: in_progress, outcome_unknown; internal, which is a breach besides.
      return { kind: 'unknown', why: code };
  }
}

/** Where nothing but the fate of the whole request is known; null: the service answered 2xx. */
function fateOfFailure(outcome: HttpOutcome): Fate | null {
  switch (outcome.kind) {
    case 'not_sent':
      return { kind: 'refused', final: false, why: outcome.cause };
    case 'no_answer':
      return { kind: 'unknown', why: outcome.cause };
    case 'answer':
      return outcome.status < 300 ? null : fateOfProblem((JSON.parse(outcome.body) as ProblemBody).code);
  }
}

/** What became of one write. */
export function fateOf(outcome: HttpOutcome): Fate {
  const failure = fateOfFailure(outcome);
  if (failure !== null || outcome.kind !== 'answer') return failure ?? { kind: 'unknown', why: 'no answer' };
  return okOf(JSON.parse(outcome.body) as CounterBody, outcome.headers['idempotent-replayed'] === 'true');
}

/** What became of the items of a batch, in their order. */
export function fatesOf(outcome: HttpOutcome, items: number): Fate[] {
  const failure = fateOfFailure(outcome);
  if (failure !== null || outcome.kind !== 'answer') {
    return Array.from({ length: items }, () => failure ?? { kind: 'unknown', why: 'no answer' });
  }
  const whole = outcome.headers['idempotent-replayed'] === 'true';
  return (JSON.parse(outcome.body) as BatchBody).results.map((result) =>
    result.status === 200
      ? okOf(result.counter, whole || result.replayed === true)
      : fateOfProblem(result.problem.code),
  );
}

/** Whether there is nothing more to learn by sending it again under the same key. */
export function isFinal(fate: Fate): boolean {
  return fate.kind === 'ok' || (fate.kind === 'refused' && fate.final);
}

/** Problems that the service may answer at any time, whatever its ground does. */
const ALLOWED = new Set([
  'out_of_bounds',
  'value_overflow',
  'version_mismatch',
  'unavailable',
  'outcome_unknown',
  'in_progress',
]);

/** Says what is wrong with an answer that nobody should get, or null. */
export function breachIn(outcome: HttpOutcome): string | null {
  if (outcome.kind !== 'answer' || outcome.status < 400) return null;
  const { code } = JSON.parse(outcome.body) as ProblemBody;
  return ALLOWED.has(code) || code === 'not_found' ? null : `${outcome.status} ${outcome.body}`;
}
