/** What a worker is told of its writes, over a link that is JSON. */
import { expect, it } from '@jest/globals';
import { KeyInProgress, KeyReused, OutcomeUnknown, Unavailable } from '../../../domain/errors.js';
import type { Creator, Write } from '../../../domain/operation.js';
import { Tallies } from '../../tallies.js';
import { errorOf, sentError } from './errors.js';
import { GatheredAnswers } from './gathered-answers.js';
import type { SentAnswers, SentCalls, SentError } from './messages.js';
import { SentCommits } from './sent-commits.js';

const CREATOR: Creator = { keyId: 'k', maxNames: 9, names: 1 };

function increment(name: string, by = 1, creator: Creator | null = null): Write {
  return { operation: { kind: 'increment', name, by }, key: null, creator, requestId: `of ${name}` };
}

function overTheLink<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T;
}

/** What a worker sends is kept, and answered by the test. */
function worker(maxQueued = 10) {
  const tallies = new Tallies();
  const commits = new SentCommits({ maxQueued, idempotencyTtlHours: 1, lanes: 1 }, tallies);
  const sent: SentCalls[] = [];
  commits.connect((calls) => {
    sent.push(overTheLink(calls));
    return true;
  });
  const answer = (answers: SentAnswers): void => commits.take(overTheLink(answers));
  return { commits, sent, answer, tallies };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const TIMES = { expiresAt: null, createdAt: 'then', updatedAt: 'now' };

it('sends what arrived in a turn as one message, increments as columns', async () => {
  const { commits, sent } = worker();
  void commits.add(increment('a'));
  void commits.add(increment('b', 2, CREATOR));
  void commits.add({ ...increment('c'), key: { owner: '', key: 'x' } });
  void commits.add(increment('a', -1));
  await turn();
  expect(sent).toEqual([
    {
      kind: 'calls',
      increments: { firstId: 0, names: ['a', 'b', 'a'], bys: [1, 2, -1], creators: [-1, 0, -1], accounts: [CREATOR] },
      others: [{ kind: 'add', id: -1, write: { ...increment('c'), key: { owner: '', key: 'x' } } }],
    },
  ]);
});

it('answers each with its own counter, and a refusal with the id of its request', async () => {
  const { commits, answer } = worker();
  const [first, second, third] = ['a', 'a', 'b'].map((name) => commits.add(increment(name)));
  await turn();
  const gathered = new GatheredAnswers();
  const truth = { name: 'a', value: 5, version: 7, min: null, max: 9, ...TIMES };
  const done = { kind: 'done', created: false, previous: null } as const;
  gathered.addIncrement(1, { outcome: { ...done, truth }, replayed: false });
  gathered.addIncrement(0, { outcome: { ...done, truth: { ...truth, value: 4, version: 6 } }, replayed: false });
  const refused = { kind: 'refused', code: 'out_of_bounds', detail: 'no', requestId: '' } as const;
  gathered.addIncrement(2, { outcome: { ...refused, truth: { name: 'b', value: null, version: 0 } }, replayed: false });
  answer(gathered.message);
  expect((await first)?.outcome).toEqual({ ...done, truth: { ...truth, value: 4, version: 6 } });
  expect((await second)?.outcome).toEqual({ ...done, truth });
  expect((await third)?.outcome).toMatchObject({ ...refused, requestId: 'of b' });
});

it('what had been sent is unknown when the process that commits is gone, and what had not is not written', async () => {
  const { commits, tallies } = worker();
  const sent = commits.add(increment('a'));
  const alsoSent = commits.addBundle([increment('a')]);
  await turn();
  const gathered = commits.add(increment('a'));
  commits.disconnect();
  await expect(sent).rejects.toBeInstanceOf(OutcomeUnknown);
  await expect(alsoSent).rejects.toBeInstanceOf(OutcomeUnknown);
  await expect(gathered).rejects.toBeInstanceOf(Unavailable);
  await expect(commits.add(increment('a'))).rejects.toBeInstanceOf(Unavailable);
  expect(tallies.failures).toMatchObject({ outcome_unknown: 2, unavailable: 2 });
});

it('remembers so many while nothing is answered, and has room again with each answer', async () => {
  const { commits, answer } = worker(2);
  const first = commits.add(increment('a'));
  void commits.add(increment('b'));
  await expect(commits.add(increment('c'))).rejects.toBeInstanceOf(Unavailable);
  await turn();
  answer({ kind: 'answers', counters: [], done: [], others: [[0, sentError(new KeyInProgress('wait'))]] });
  await expect(first).rejects.toEqual(new KeyInProgress('wait'));
  void commits.add(increment('c'));
  await expect(commits.add(increment('d'))).rejects.toBeInstanceOf(Unavailable);
});

it.each([
  new Unavailable('away', 7, { cause: new Error('why') }),
  new OutcomeUnknown('who knows', 3),
  new KeyReused('other'),
  new KeyInProgress('wait'),
  new Error('a fault'),
])('$name is told as it is', (error) => {
  const told = errorOf(overTheLink<SentError>(sentError(error)));
  expect(told).toEqual(error);
  expect(told.constructor).toBe(error.constructor);
  expect(Object.entries(told)).toEqual(Object.entries(error));
  expect(told.cause).toEqual(error.cause);
});
