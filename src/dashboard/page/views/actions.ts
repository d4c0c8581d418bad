import { api, ApiError } from '../api.js';
import { now } from '../clock.js';
import { h } from '../dom.js';
import { number, plural, span, timeOfDay } from '../format.js';
import type { StateWatch } from '../service-state.js';
import type { Job } from '../shapes.js';
import { confirm } from './confirm.js';

type Action = 'reconcile' | 'rehydrate' | 'flush';

interface Description {
  readonly title: string;
  readonly does: string;
  readonly question: string;
}

const ACTIONS: Readonly<Record<Action, Description>> = {
  reconcile: {
    title: 'Reconcile',
    does: 'Compares every entry with the truth, and repairs what differs.',
    question: 'Every entry in the cache is compared with Postgres, and repaired where it differs. Safe at any time.',
  },
  rehydrate: {
    title: 'Rehydrate',
    does: 'Fills the cache with what the latest writes touched.',
    question: 'Counters that were written lately and have no entry are given one. Safe at any time.',
  },
  flush: {
    title: 'Flush entries',
    does: "Removes this service's own entries, and nothing else.",
    question:
      'All entries of this service are removed from Redis; nothing else there is touched, and no count is lost. ' +
      'Until they come back by reading, reads ask Postgres and take longer.',
  },
};

const JOB_POLL_MS = 400;
/** A job that waits longer is told of as waiting; the list of jobs goes on showing it. */
const JOB_PATIENCE_MS = 60_000;
const LOG_LINES = 20;

/** The buttons, and below them what happened. */
export function actions(watch: StateWatch): { readonly element: HTMLElement; close(): void } {
  let closed = false;
  const log = h('ol', { class: 'log', role: 'log', 'aria-label': 'What happened' });

  const say = () => {
    const line = h('span');
    log.prepend(h('li', {}, h('time', {}, timeOfDay(new Date(now()))), line));
    while (log.children.length > LOG_LINES) log.lastElementChild?.remove();
    return (text: string) => {
      line.textContent = text;
    };
  };

  const run = async (action: Action) => {
    const { title, question } = ACTIONS[action];
    if (!(await confirm(title, question))) return;
    const tell = say();
    tell(`${title}: started`);
    try {
      if (action === 'flush') {
        const { removed } = await api.flush();
        tell(`${title}: ${plural(removed, 'entry', 'entries')} removed`);
      } else await follow(action, tell);
    } catch (error) {
      tell(`${title}: ${error instanceof ApiError ? refusalOf(error) : String(error)}`);
    }
    watch.refresh();
  };

  const follow = async (action: 'reconcile' | 'rehydrate', tell: (text: string) => void) => {
    const { title } = ACTIONS[action];
    const { job } = await api.start(action);
    const deadlineMs = performance.now() + JOB_PATIENCE_MS;
    while (!closed && performance.now() < deadlineMs) {
      const found = (await api.job(job.id)).job;
      tell(`${title}: ${progressOf(found)}`);
      if (found.state === 'completed' || found.state === 'failed') return;
      await new Promise((resolve) => setTimeout(resolve, JOB_POLL_MS));
    }
  };

  const buttons = (Object.keys(ACTIONS) as Action[]).map((action) =>
    h(
      'div',
      {},
      h('button', { type: 'button', onclick: () => void run(action) }, ACTIONS[action].title),
      h('p', {}, ACTIONS[action].does),
    ),
  );
  const element = h('div', {}, h('div', { class: 'actions' }, ...buttons), log);
  return { element, close: () => (closed = true) };
}

function refusalOf(error: ApiError): string {
  if (error.status === 403) return 'this key may not do that';
  return error.isAway ? `not possible right now: ${error.message}` : error.message;
}

/** What became of a job, in a line. */
export function progressOf({ state, progress, result, startedAt, finishedAt }: Job): string {
  if (state === 'failed') return 'failed; the log of the service says why';
  if (state !== 'completed') {
    return progress === null ? state : `${state}, ${number(progress.done)} of ${number(progress.names)}`;
  }
  const tookMs = startedAt === null || finishedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(startedAt);
  return `${resultOf(result)} in ${span(tookMs)}`;
}

function resultOf(result: Job['result']): string {
  if (result?.compared !== undefined) {
    const found = (result.wrong ?? 0) + (result.behind ?? 0);
    const outcome = found === 0 ? 'no drift' : `${number(found)} drifted, ${number(result.repaired ?? 0)} repaired`;
    return `${plural(result.compared, 'entry', 'entries')} compared, ${outcome},`;
  }
  if (result?.filled !== undefined) return `${number(result.filled)} of ${number(result.names ?? 0)} filled`;
  return 'done';
}
