/** The rules of an edge, explored: lost answers, crashes, restored upstreams and copied files, in any order. */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BEGINNING, type Delivery, digestOf, type Position, standingOf } from '../domain/delivery.js';
import { meaningOf, nextStep, pauseMs, placeOf } from './rules.js';

interface Upstream {
  readonly position: Position;
  readonly sum: number;
}

interface EdgeState {
  readonly waiting: readonly number[];
  readonly position: Position;
  readonly sealed: Delivery | null;
  readonly kept: readonly Delivery[];
  readonly mustAsk: boolean;
  readonly state: 'open' | 'forked' | 'lost';
}

const NEW_EDGE: EdgeState = {
  waiting: [],
  position: BEGINNING,
  sealed: null,
  kept: [],
  mustAsk: false,
  state: 'open',
};

/** Deliveries that were written down: each is another one. */
let sealings = 0;

const endOf = (delivery: Delivery): Position => ({ last: delivery.to, digest: digestOf(delivery) });

/** One step of an edge, as its file would hold it afterwards; the answer may be lost. */
function step(edge: EdgeState, upstream: Upstream, isLost: boolean): { edge: EdgeState; upstream: Upstream } {
  const view = { ...edge, isSealed: edge.sealed !== null, waiting: edge.waiting.length };
  switch (nextStep(view)) {
    case 'rest':
      return { edge, upstream };
    case 'seal': {
      const increments = edge.waiting.map((by) => ({ name: 'a', by, at: '2026-01-01T00:00:00Z' }));
      const { last: from, digest: previous } = edge.position;
      const sealed = {
        from,
        to: from + increments.length,
        previous,
        nonce: String((sealings += 1)),
        more: false,
        increments,
      };
      return { edge: { ...edge, waiting: [], sealed }, upstream };
    }
    case 'send': {
      const { sealed } = edge;
      if (sealed === null) throw new Error('nothing to send');
      const standing = standingOf(sealed, upstream.position);
      const taken =
        standing === 'next'
          ? { position: endOf(sealed), sum: upstream.sum + sealed.increments.reduce((sum, { by }) => sum + by, 0) }
          : upstream;
      if (isLost) return { edge, upstream: taken };
      if (standing === 'gap') return { edge: { ...edge, mustAsk: true }, upstream };
      if (standing === 'forked') return { edge: { ...edge, state: 'forked' }, upstream };
      const kept = edge.kept.some(({ to }) => to === sealed.to) ? edge.kept : [...edge.kept, sealed];
      const next = kept.find(({ from }) => from === sealed.to) ?? null;
      return { edge: { ...edge, position: endOf(sealed), sealed: next, kept }, upstream: taken };
    }
    case 'ask': {
      if (isLost) return { edge, upstream };
      const told = upstream.position;
      const ended = edge.kept.find(({ to }) => to === told.last);
      const kept = told.last === 0 ? { digest: null } : ended === undefined ? null : { digest: digestOf(ended) };
      const place = placeOf(told, edge.position, edge.sealed === null ? null : endOf(edge.sealed), kept);
      if (place === 'forked' || place === 'lost') return { edge: { ...edge, state: place }, upstream };
      if (place === 'go on') return { edge: { ...edge, mustAsk: false }, upstream };
      // What was under way comes behind what is sent again.
      const all = edge.sealed === null ? edge.kept : [...edge.kept, edge.sealed];
      const sealed = all.find(({ from }) => from === told.last) ?? null;
      const isKept = edge.sealed !== null && !edge.kept.includes(edge.sealed);
      return { edge: { ...edge, mustAsk: false, position: told, sealed, kept: isKept ? all : edge.kept }, upstream };
    }
  }
}

const action = fc.oneof(
  fc.record({ kind: fc.constant('count' as const), by: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('step' as const), isLost: fc.boolean() }),
  fc.record({ kind: fc.constant('back up' as const) }),
  fc.record({ kind: fc.constant('restore' as const) }),
);

it('whatever is lost or restored, in the end each increment counts exactly once', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      let [edge, upstream]: [EdgeState, Upstream] = [NEW_EDGE, { position: BEGINNING, sum: 0 }];
      let backup = upstream;
      let counted = 0;
      for (const next of actions) {
        switch (next.kind) {
          case 'count':
            edge = { ...edge, waiting: [...edge.waiting, next.by] };
            counted += next.by;
            break;
          case 'step':
            ({ edge, upstream } = step(edge, upstream, next.isLost));
            break;
          case 'back up':
            backup = upstream;
            break;
          case 'restore':
            upstream = backup;
        }
        if (upstream.sum > counted) throw new Error('something was counted twice');
      }
      // Only what comes finds the gap: something always does.
      edge = { ...edge, waiting: [...edge.waiting, 1] };
      for (let tries = 0; tries < 150; tries += 1) ({ edge, upstream } = step(edge, upstream, false));
      expect([edge.state, upstream.sum]).toEqual(['open', counted + 1]);
    }),
    { numRuns: 300 },
  );
});

it('of two copies, what is counted is never counted twice, and one of them is told', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 9 }), fc.boolean()), { maxLength: 40 }),
      (turns) => {
        let upstream: Upstream = { position: BEGINNING, sum: 0 };
        let first: EdgeState = { ...NEW_EDGE, waiting: [5] };
        for (let tries = 0; tries < 3; tries += 1) ({ edge: first, upstream } = step(first, upstream, false));
        const copies: [EdgeState, EdgeState] = [first, first];
        let counted = 5;
        for (const [which, by, isLost] of turns) {
          const own = which === 0 ? 0 : 1;
          let edge: EdgeState = { ...copies[own], waiting: [...copies[own].waiting, by] };
          counted += by;
          for (let tries = 0; tries < 3; tries += 1) ({ edge, upstream } = step(edge, upstream, isLost));
          copies[own] = edge;
        }
        const left = copies
          .flatMap(({ waiting, sealed, kept }) => [
            ...waiting,
            ...(sealed === null || kept.includes(sealed) || endOf(sealed).digest === upstream.position.digest
              ? []
              : sealed.increments.map(({ by }) => by)),
          ])
          .reduce((sum, by) => sum + by, 0);
        expect(upstream.sum + left).toBe(counted);
      },
    ),
    { numRuns: 200 },
  );
});

it.each([
  [{ status: 200, code: null }, 'settled'],
  [{ status: 409, code: 'edge_gap' }, 'gap'],
  [{ status: 409, code: 'edge_forked' }, 'forked'],
  [{ status: 409, code: 'in_progress' }, 'later'],
  [{ status: 0, code: null }, 'later'],
  [{ status: 429, code: 'rate_limited' }, 'later'],
  [{ status: 503, code: 'outcome_unknown' }, 'later'],
  [{ status: 401, code: 'unauthorized' }, 'refused'],
  [{ status: 400, code: 'invalid_request' }, 'refused'],
  // Of a portal that wants a password.
  [{ status: 403, code: null }, 'later'],
  [{ status: 302, code: null }, 'later'],
] as const)('%j means %s', (answer, meaning) => {
  expect(meaningOf({ ...answer, retryAfterSeconds: null })).toBe(meaning);
});

it('pauses grow to five minutes, at random, and heed Retry-After', () => {
  expect([1, 2, 3].map((failures) => pauseMs(failures, 'later', null, 1))).toEqual([500, 1_000, 2_000]);
  expect(pauseMs(50, 'later', null, 1)).toBe(300_000);
  expect(pauseMs(50, 'later', null, 0)).toBe(150_000);
  expect(pauseMs(1, 'later', 7, 0)).toBe(7_000);
  expect(pauseMs(1, 'refused', null, 0)).toBe(30_000);
  // Whoever mends it waits for a minute, and not for five.
  expect(pauseMs(50, 'refused', null, 1)).toBe(60_000);
});
