import { useEffect, useRef, useState } from 'preact/hooks';
import { confirm } from '../../parts/confirm.js';
import { api, ApiError } from '../../service/api.js';
import { now } from '../../service/clock.js';
import { watch } from '../../service/service-state.js';
import { plural, timeOfDay } from '../../text/format.js';
import { progressOf } from './progress.js';

type Action = 'reconcile' | 'rehydrate' | 'flush' | 'drill';

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
  drill: {
    title: 'Drill',
    does: 'Empties the cache under light load, and shows what that costs: nothing lost, nothing wrong, slower for a moment.',
    question:
      'Light load on counters of its own, all entries of this service removed, everything compared: some ten seconds. ' +
      'Your counters are only read, and reads take longer for a moment.',
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

interface Line {
  readonly id: number;
  readonly at: string;
  readonly text: string;
}

/** The buttons, and below them what happened. */
export function Actions() {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const closed = useRef(false);
  const count = useRef(0);
  useEffect(() => () => void (closed.current = true), []);

  /** A new line; what is answered says more of it. */
  const say = (text: string) => {
    const id = (count.current += 1);
    const line = { id, at: timeOfDay(new Date(now())), text };
    setLines((before) => [line, ...before].slice(0, LOG_LINES));
    return (more: string) =>
      setLines((before) => before.map((each) => (each.id === id ? { ...each, text: more } : each)));
  };

  const run = async (action: Action) => {
    const { title, question } = ACTIONS[action];
    if (!(await confirm(title, question))) return;
    const tell = say(`${title}: started`);
    try {
      if (action === 'drill') {
        await api.drill();
        tell(`${title}: it runs for some ten seconds; above stands what it came to`);
      } else if (action === 'flush') {
        const { removed } = await api.flush();
        tell(`${title}: ${plural(removed, 'entry', 'entries')} removed`);
      } else await follow(action, tell, () => closed.current);
    } catch (error) {
      tell(`${title}: ${error instanceof ApiError ? refusalOf(error) : String(error)}`);
    }
    watch.refresh();
  };

  return (
    <div>
      <div class="actions">
        {(Object.keys(ACTIONS) as Action[]).map((action) => (
          <div key={action}>
            <button type="button" onClick={() => void run(action)}>
              {ACTIONS[action].title}
            </button>
            <p>{ACTIONS[action].does}</p>
          </div>
        ))}
      </div>
      <p class="quiet">
        To empty the Redis of “npm start” itself, and see that no count is lost:{' '}
        <code>npm run cli -- cache flushall</code>
      </p>
      <div role="log" aria-label="What happened">
        <ol class="log">
          {lines.map(({ id, at, text }) => (
            <li key={id}>
              <time>{at}</time>
              <span>{text}</span>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

async function follow(
  action: 'reconcile' | 'rehydrate',
  tell: (text: string) => void,
  closed: () => boolean,
): Promise<void> {
  const { title } = ACTIONS[action];
  const { job } = await api.start(action);
  const deadlineMs = performance.now() + JOB_PATIENCE_MS;
  while (!closed() && performance.now() < deadlineMs) {
    const found = (await api.job(job.id)).job;
    tell(`${title}: ${progressOf(found)}`);
    if (found.state === 'completed' || found.state === 'failed') return;
    await new Promise((resolve) => setTimeout(resolve, JOB_POLL_MS));
  }
}

function refusalOf(error: ApiError): string {
  if (error.status === 403) return 'this key may not do that';
  return error.isAway ? `not possible right now: ${error.message}` : error.message;
}
