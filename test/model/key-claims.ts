/**
 * Requests with one idempotency key whose counters are in several buckets, each request a call or a retry of one: they
 * claim the key in its own bucket, and write in the bucket of their counter, each by a commit of its own. A crash is a
 * request that goes no further; a lost answer is a commit after which it knows no more than before.
 *
 * No request is counted twice by retries that came while its claim lived, no two requests under one claim, nobody is told
 * what another request was answered, and whoever holds a claim is told nothing older.
 */
import { at, type Model, type Steps } from './explorer.js';

/** How keys are claimed; each change of `CLAIMS` is a fault. */
export interface ClaimRules {
  /** Whether the claim is committed before the write. */
  readonly first: 'the claim' | 'the write';
  /** Where a claim stands. */
  readonly place: 'for all' | 'of each instance';
  /** Whether a claim is handed out no more in its last moments, in which whoever was handed it before still writes. */
  readonly rests: boolean;
  /** How long an answer is kept after its claim has ended. */
  readonly answersOutlive: boolean;
  /** Which answer is that of a claim. */
  readonly answer: 'as late as the claim says, or later' | 'any that is there';
  /** What a write removes of what stands under its key, to put its own answer there. */
  readonly removes: 'of earlier claims' | 'anything';
  /** When a claim ends that takes the place of one that has ended. */
  readonly replaced: 'later' | 'as before';
}

/** As `store/key-claims.ts` and `counters/commits/claims.ts` have it. */
export const CLAIMS: ClaimRules = {
  first: 'the claim',
  place: 'for all',
  rests: true,
  answersOutlive: true,
  answer: 'as late as the claim says, or later',
  removes: 'of earlier claims',
  replaced: 'later',
};

export interface ClaimBounds {
  /** Calls and retries, every other one at the second instance. */
  readonly requests: number;
  /** When the clock stands still, 7 at most. */
  readonly end: number;
}

/** For how long a claim is handed out, and how long a request may take from there to its write, in ticks of the clock. */
const [LIFE, PATIENCE] = [2, 1];

/** How much longer answers are kept. */
const LONGER = 2;

/** The clock of the second bucket is ahead by so much: it may be another server's. */
const AHEAD = [0, 1];

/** What may be asked for; in which bucket its counter is. */
const BUCKET_OF = [0, 1, 0];
const FINGERPRINTS = BUCKET_OF.map((_, place) => place);

const NOW = 0;
/** Of each claim, one for each instance where each has its own: the fingerprint, from 1 on, and when it ends. */
const CLAIM = { at: 1, size: 2, count: 2 };
/** Of each bucket the answer: the fingerprint, from 1 on, and when it ends. */
const ANSWER = { at: CLAIM.at + CLAIM.size * CLAIM.count, size: 2, count: 2 };
/** Of each fingerprint a bit for each claim under which it was counted, by when the claim was made. */
const COUNTED = ANSWER.at + ANSWER.size * ANSWER.count;
const FIELDS = COUNTED + BUCKET_OF.length;

/** Of each request: where it is, what it asks for, when it was handed its claim, and when that ends. */
const R = { phase: 0, fingerprint: 1, handed: 2, ends: 3, size: 4 } as const;
const [COMES, MAY_WRITE, HAS_WRITTEN, IS_OVER] = [0, 1, 2, 3];

export function keyClaims(rules: ClaimRules, { requests, end }: ClaimBounds): Model {
  const initial = new Array<number>(FIELDS + requests * R.size).fill(0);
  const own = Array.from({ length: requests }, (_, request) => FIELDS + request * R.size);
  return {
    initial,
    successors(steps) {
      const { state } = steps;
      const now = at(state, NOW);
      const isDue = own.some(
        (it) => at(state, it + R.phase) === MAY_WRITE && now - at(state, it + R.handed) >= PATIENCE,
      );
      if (now < end && !isDue) {
        steps.fork()[NOW] = now + 1;
        steps.take('it is #', false, now + 1);
      }
      own.forEach((it, request) => {
        if (at(state, it) === COMES) claim(rules, steps, request, it);
        if (at(state, it) === MAY_WRITE) write(rules, steps, request, it);
        if (at(state, it) === HAS_WRITTEN) {
          // Its batch is there, and is found again.
          over(steps.fork(), it);
          steps.take('request # is told', false, request);
        }
      });
      cleanUp(steps);
    },
  };
}

function claim(rules: ClaimRules, steps: Steps, request: number, own: number): void {
  const { state } = steps;
  const now = at(state, NOW);
  const rest = restOf(rules);
  const claimAt = CLAIM.at + (rules.place === 'for all' ? 0 : (request % 2) * CLAIM.size);
  const [holder, ends] = [at(state, claimAt), at(state, claimAt + 1)];
  for (const fingerprint of FINGERPRINTS) {
    if (rules.first === 'the write') {
      hand(steps.fork(), own, fingerprint, now, now + LIFE + rest);
      steps.take('request # for # comes', false, request, fingerprint);
      continue;
    }
    if (holder === 0 || ends <= now) {
      const until = holder > 0 && rules.replaced === 'as before' ? ends : now + LIFE + rest;
      // Its answer may be lost.
      for (const isTold of [true, false]) {
        const next = steps.fork();
        next[claimAt] = fingerprint + 1;
        next[claimAt + 1] = until;
        if (isTold) hand(next, own, fingerprint, now, until);
        steps.take(
          isTold ? 'request # claims for #, until #' : 'request # claims for #, until #, and is not told',
          false,
          request,
          fingerprint,
          until,
        );
      }
    } else if (holder === fingerprint + 1 && ends - rest > now) {
      hand(steps.fork(), own, fingerprint, now, ends);
      steps.take('request # finds the claim for #, until #', false, request, fingerprint, ends);
    }
    // Otherwise it is told that the key stands for another request, or to come again.
  }
}

function restOf({ rests }: ClaimRules): number {
  return rests ? PATIENCE : 0;
}

function hand(next: Uint8Array, own: number, fingerprint: number, now: number, ends: number): void {
  next[own + R.phase] = MAY_WRITE;
  next[own + R.fingerprint] = fingerprint;
  next[own + R.handed] = now;
  next[own + R.ends] = ends;
}

function write(rules: ClaimRules, steps: Steps, request: number, own: number): void {
  const { state } = steps;
  over(steps.fork(), own);
  steps.take('request # gives up', false, request);
  const fingerprint = at(state, own + R.fingerprint);
  const bucket = BUCKET_OF[fingerprint] ?? 0;
  const until = at(state, own + R.ends) + (rules.answersOutlive ? LONGER : 0);
  const answerAt = ANSWER.at + bucket * ANSWER.size;
  const [asked, kept] = [at(state, answerAt), at(state, answerAt + 1)];
  const isAnswer = asked > 0 && (rules.answer === 'any that is there' || kept >= until);
  if (isAnswer && rules.removes === 'of earlier claims') {
    over(steps.fork(), own);
    if (kept < until) steps.take('request # is told an older answer', true, request);
    else if (asked !== fingerprint + 1) {
      // Under a later claim the key may stand for it.
      steps.take('request # meets the answer to #', kept === until, request, asked - 1);
    } else steps.take('request # is told again', false, request);
  } else if (asked > 0) {
    // By a commit of its own, as the fast lane does; and what is to take its place may never come.
    const next = steps.fork();
    [next[answerAt], next[answerAt + 1]] = [0, 0];
    steps.take('request # removes what was answered to #', false, request, asked - 1);
  } else {
    count(rules, steps, request, own, answerAt, until);
  }
}

function count(rules: ClaimRules, steps: Steps, request: number, own: number, answerAt: number, until: number): void {
  const { state } = steps;
  const [fingerprint, handed, ends] = [R.fingerprint, R.handed, R.ends].map((field) =>
    at(state, own + field),
  ) as Handed;
  const made = ends - LIFE - restOf(rules);
  const others = FINGERPRINTS.filter((other) => wasCounted(at(state, COUNTED + other), handed));
  const next = steps.fork();
  next[answerAt] = fingerprint + 1;
  next[answerAt + 1] = until;
  next[COUNTED + fingerprint] = at(state, COUNTED + fingerprint) | (1 << made);
  // Its answer may be lost: then it is sent again, or not.
  next[own + R.phase] = HAS_WRITTEN;
  if (others.includes(fingerprint)) steps.take('request # counts # twice', true, request, fingerprint);
  else if (others.length > 0)
    steps.take('request # counts # with # under one claim', true, request, fingerprint, others[0] ?? 0);
  else steps.take('request # counts #', false, request, fingerprint);
}

type Handed = [fingerprint: number, handed: number, ends: number];

/** Whether something was counted under a claim that was handed out then. */
function wasCounted(claims: number, then: number): boolean {
  for (let made = Math.max(0, then - LIFE + 1); made <= then; made += 1) if ((claims & (1 << made)) !== 0) return true;
  return false;
}

/** Nothing of it is known any more. */
function over(next: Uint8Array, own: number): void {
  next.fill(0, own, own + R.size);
  next[own + R.phase] = IS_OVER;
}

function cleanUp(steps: Steps): void {
  const { state } = steps;
  for (let row = 0; row < CLAIM.count + ANSWER.count; row += 1) {
    const field = CLAIM.at + row * CLAIM.size;
    const bucket = row < CLAIM.count ? 0 : row - CLAIM.count;
    if (at(state, field) === 0 || at(state, field + 1) > clockOf(state, bucket)) continue;
    const next = steps.fork();
    [next[field], next[field + 1]] = [0, 0];
    steps.take(
      row < CLAIM.count ? 'the claim for # is removed' : 'the answer to # is removed',
      false,
      at(state, field) - 1,
    );
  }
}

function clockOf(state: Uint8Array, bucket: number): number {
  return at(state, NOW) + (AHEAD[bucket] ?? 0);
}
