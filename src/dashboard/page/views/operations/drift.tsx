import { Table } from '../../parts/table.js';
import { hashOf } from '../../place/hash.js';
import { counterAt } from '../../place/route.js';
import { now } from '../../service/clock.js';
import type { CacheState, Drift as Found } from '../../service/shapes.js';
import { ago, number, span } from '../../text/format.js';

const DRIFT_EXPLAINED =
  'Drift is an entry in the cache that disagrees with the truth in Postgres. “Behind” is older for longer than any ' +
  'publish takes: an instance ended between a commit and its publish. “Wrong” was never committed: a hand wrote to ' +
  'Redis, or this service has a fault. Either is repaired when it is found.';

const TITLES = ['Counter', 'Kind', 'Cached', 'True', 'At most for', 'Found'];

/** What disagreed, and what that means. */
export function Drift({ state }: { readonly state: CacheState }) {
  const found = driftOf(state);
  return (
    <>
      <p class="quiet">{DRIFT_EXPLAINED}</p>
      {found.length === 0 ? (
        <p class="calm">No drift in any run that is remembered.</p>
      ) : (
        <Table caption="Entries that disagreed with the truth" titles={TITLES}>
          {found.map((each) => (
            <Row key={`${each.at} ${each.drift.name}`} {...each} />
          ))}
        </Table>
      )}
    </>
  );
}

function Row({
  at,
  drift: { name, kind, cached, true: truth, ageMs },
}: {
  readonly at: string;
  readonly drift: Found;
}) {
  return (
    <tr>
      <th scope="row">
        <a href={hashOf(counterAt(name))}>{name}</a>
      </th>
      <td>{kind}</td>
      <td>{shown(cached.value)}</td>
      <td>{shown(truth.value)}</td>
      <td>{ageMs === null ? 'not known' : span(ageMs)}</td>
      <td>
        <time dateTime={at}>{ago(at, now())}</time>
      </td>
    </tr>
  );
}

const shown = (value: number | null) => (value === null ? 'none' : number(value));

/** Of the last run, and of the runs before that are still known. */
function driftOf({ lastReconcile, queue }: CacheState): readonly { readonly at: string; readonly drift: Found }[] {
  const runs = new Map<string, readonly Found[]>();
  for (const { finishedAt, result } of queue.recent ?? []) {
    if (finishedAt !== null && result?.drift !== undefined) runs.set(finishedAt, result.drift);
  }
  if (lastReconcile !== null) runs.set(lastReconcile.finishedAt, lastReconcile.report.drift);
  const newestFirst = [...runs].sort(([a], [b]) => (a < b ? 1 : -1));
  return newestFirst.flatMap(([at, found]) => found.map((drift) => ({ at, drift })));
}
