import { Table } from '../parts/table.js';
import { useEvents } from '../parts/use-events.js';
import { useLoad } from '../parts/use-load.js';
import { usePages } from '../parts/use-pages.js';
import { useTitle } from '../parts/use-title.js';
import { hashOf } from '../place/hash.js';
import { AUDIT, type AuditPlace, counterAt } from '../place/route.js';
import { api, type ApiError } from '../service/api.js';
import type { Deed } from '../service/shapes.js';
import { ACTOR_WORDS, afterOf, beforeOf, DEED_WORDS, fromOf } from '../text/deeds.js';
import { instant } from '../text/format.js';
import { AuditFilters } from './audit-filters.js';

/** What is done by others shows without asking. */
const RELOAD_MS = 10_000;
const PAGE = 100;

const TITLES = ['When', 'What', 'Which', 'Who', 'Where from', 'Before', 'After'];

/** Labels of keys by their ids. */
type Labels = ReadonlyMap<string, string>;

const isoOf = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString());

/** Who did what, for those who run the service. */
export function Audit({ place }: { readonly place: AuditPlace }) {
  const { action, subject, actor, from, to } = place;
  useEvents();
  useTitle('Audit · evercount');
  const { items, hasMore, more, fault } = usePages(
    (cursor) => api.audit({ action, subject, actor, from: isoOf(from), to: isoOf(to), limit: PAGE, cursor }),
    [action, subject, actor, from, to],
    RELOAD_MS,
  );
  // Of those that are not among them the id is told.
  const keys = useLoad(() => api.keys(null), []);
  const labels: Labels = new Map((keys.answer?.data ?? []).map(({ id, label }) => [id, label]));
  return (
    <div class="audit">
      <h1>Audit</h1>
      <AuditFilters place={place} labels={labels} />
      <p class="quiet" role="status">
        {fault !== null
          ? noteOf(fault)
          : items === null
            ? 'Loading'
            : items.length === 0
              ? emptyText(place, hasMore)
              : ''}
      </p>
      {items !== null && items.length > 0 && (
        <Table caption="Who did what, the latest first" titles={TITLES}>
          {items.map((deed) => (
            <Row key={deed.id} deed={deed} labels={labels} />
          ))}
        </Table>
      )}
      {hasMore && (
        <button type="button" class="more" onClick={more}>
          Show more
        </button>
      )}
    </div>
  );
}

function noteOf(fault: ApiError): string {
  return fault.status === 403 ? 'This needs a key with the scope "admin".' : fault.message;
}

function emptyText(place: AuditPlace, hasMore: boolean): string {
  if (hasMore) return 'Nothing of that kind among the latest; further back there may be.';
  if (hashOf(place) !== hashOf(AUDIT)) return 'Nothing of that kind is written down.';
  return 'Nothing yet: no counter was set, reset or deleted, no key was made. Increments are not written down here.';
}

function Row({ deed, labels }: { readonly deed: Deed; readonly labels: Labels }) {
  const { at, action, actor, isSession } = deed;
  return (
    <tr>
      <td>
        <time dateTime={at}>{instant(at)}</time>
      </td>
      <th scope="row">{DEED_WORDS[action] ?? action}</th>
      <td>
        <Subject deed={deed} labels={labels} />
      </td>
      <td>
        <a href={hashOf({ ...AUDIT, actor })}>{labels.get(actor) ?? ACTOR_WORDS[actor] ?? actor}</a>
        {isSession && ', in a browser'}
      </td>
      <td>{fromOf(deed)}</td>
      <td>{beforeOf(deed)}</td>
      <td>{afterOf(deed)}</td>
    </tr>
  );
}

/** What it was done to, with the way there. */
function Subject({
  deed: { action, subject, before, after },
  labels,
}: {
  readonly deed: Deed;
  readonly labels: Labels;
}) {
  if (subject === null) return <>–</>;
  if (action.startsWith('counter.')) return <a href={hashOf(counterAt(subject))}>{subject}</a>;
  const label = after?.['label'] ?? before?.['label'] ?? labels.get(subject);
  return <a href={hashOf({ ...AUDIT, subject })}>{typeof label === 'string' && label !== '' ? label : subject}</a>;
}
