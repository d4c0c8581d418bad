import type { Job } from '../../service/shapes.js';
import { number, plural, span } from '../../text/format.js';

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
