import { Table } from '../../parts/table.js';
import { now } from '../../service/clock.js';
import type { Job, Queue } from '../../service/shapes.js';
import { ago, number, span } from '../../text/format.js';
import { progressOf } from './progress.js';

/** What runs when, and what became of it. */
export function Jobs({ queue }: { readonly queue: Queue }) {
  if (queue.state === 'down') {
    return <p>The queue cannot be reached. Reconciliation goes on in each instance without it.</p>;
  }
  const nowMs = now();
  const { waiting = 0, active = 0, failed = 0 } = queue.jobs ?? {};
  const recent = queue.recent ?? [];
  return (
    <>
      <dl class="facts">
        {(queue.schedules ?? []).map(({ kind, everyMs, nextAt }) => (
          <div key={kind}>
            <dt>{kind}</dt>
            <dd>
              every {span(everyMs)}
              {nextAt !== null && `, next in ${span(Math.max(0, Date.parse(nextAt) - nowMs))}`}
            </dd>
          </div>
        ))}
        <div>
          <dt>Now</dt>
          <dd>{`${number(waiting)} waiting, ${number(active)} running, ${number(failed)} failed`}</dd>
        </div>
      </dl>
      {recent.length > 0 && (
        <Table caption="Latest jobs" titles={['Job', 'When', 'What became of it']}>
          {recent.map((job) => (
            <Row key={`${job.id} ${job.createdAt}`} job={job} nowMs={nowMs} />
          ))}
        </Table>
      )}
    </>
  );
}

function Row({ job, nowMs }: { readonly job: Job; readonly nowMs: number }) {
  const at = job.finishedAt ?? job.createdAt;
  return (
    <tr>
      <th scope="row">{job.kind}</th>
      <td>
        <time dateTime={at}>{ago(at, nowMs)}</time>
      </td>
      <td>{progressOf(job)}</td>
    </tr>
  );
}
