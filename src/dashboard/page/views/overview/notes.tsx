import { BASE } from '../../service/base.js';
import { asksForKey, session } from '../../service/session.js';
import { snippetOf } from '../../text/snippets.js';
import type { ApiError } from '../../service/api.js';
import type { OverviewPlace } from '../../place/route.js';
import type { CounterList } from './counter-list.js';

/** What there is to say instead of cards, or of how they are sorted. */
export function Notes({ list, place }: { readonly list: CounterList; readonly place: OverviewPlace }) {
  return (
    <div class="note" role="status">
      <Note list={list} place={place} />
    </div>
  );
}

function Note({ list, place: { prefix, search } }: { readonly list: CounterList; readonly place: OverviewPlace }) {
  if (list.left.value === 'sorted here') {
    return <p class="quiet">Sorted among the first 1,000 by name.</p>;
  }
  if (list.items.value.length > 0) return null;
  if (list.fault.value !== null) return <p class="quiet">{messageOf(list.fault.value)}</p>;
  if (list.busy.value) return <p class="quiet">Loading</p>;
  // A search that is not over yet has looked through a part of the names alone.
  if (list.hasMore.value) return <p class="quiet">Looking on</p>;
  if (search !== '') return <p class="quiet">{`No counter’s name contains “${search}”.`}</p>;
  if (prefix !== '') return <p class="quiet">{`No counter begins with “${prefix}”.`}</p>;
  return (
    <>
      <p class="quiet">There are no counters yet. The first increment makes one:</p>
      <pre tabIndex={0} aria-label="Command">
        {snippetOf('curl', { name: `${session.value?.prefix ?? ''}hello`, url: BASE, withKey: asksForKey() })}
      </pre>
      {asksForKey() && <p class="quiet">In place of YOUR_KEY comes a key with the scope “write” or “increment”.</p>}
    </>
  );
}

function messageOf(error: ApiError): string {
  if (error.status === 403) return 'This key may not list counters here.';
  return error.isAway ? 'The counters cannot be had right now; trying again.' : error.message;
}
