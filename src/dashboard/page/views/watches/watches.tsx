import { useEvents } from '../../parts/use-events.js';
import { usePages } from '../../parts/use-pages.js';
import { useTick } from '../../parts/use-tick.js';
import { useTitle } from '../../parts/use-title.js';
import { api, type ApiError } from '../../service/api.js';
import { may } from '../../service/session.js';
import type { Watch } from '../../service/shapes.js';
import { plural } from '../../text/format.js';
import { AGES_MS, inOrder, RELOAD_MS } from './order.js';
import { WatchList } from './watch-list.js';

const PAGE = 200;

/** What counters should not be, and whether they are. */
export function Watches() {
  useEvents();
  useTick(AGES_MS);
  // Beside all of them: among ten thousand those that fire would be on any page.
  const firing = usePages((cursor) => api.watches({ state: 'firing', limit: PAGE, cursor }), [], RELOAD_MS);
  const all = usePages((cursor) => api.watches({ limit: PAGE, cursor }), [], RELOAD_MS);
  const reload = () => {
    firing.reload();
    all.reload();
  };
  const watches = inOrder(together(firing.items, all.items));
  const loud = watches.filter(({ state, muted }) => state === 'firing' && !muted).length;
  useTitle(`${loud === 0 ? '' : `${loud} firing · `}Watches · evercount`);
  const fault = all.fault ?? firing.fault;
  const last = firing.hasMore ? firing : all;
  return (
    <div class="watches">
      <h1>Watches</h1>
      <p class="quiet" role="status">
        {fault !== null ? noteOf(fault) : all.items === null ? 'Loading' : toldOf(watches.length, loud, last.hasMore)}
      </p>
      {all.items !== null && watches.length === 0 && <Nothing />}
      {watches.length > 0 && <WatchList watches={watches} of={null} onChanged={reload} />}
      {last.hasMore && (
        <button type="button" class="more" onClick={last.more}>
          Show more
        </button>
      )}
    </div>
  );
}

/** Both were asked for at about the same time: what is in both is told as the first tells it. */
function together(firing: readonly Watch[] | null, all: readonly Watch[] | null): readonly Watch[] {
  const first = firing ?? [];
  const known = new Set(first.map(({ id }) => id));
  return [...first, ...(all ?? []).filter(({ id }) => !known.has(id))];
}

function noteOf(fault: ApiError): string {
  return fault.status === 403 ? 'This needs a key with the scope "read".' : fault.message;
}

function toldOf(count: number, loud: number, hasMore: boolean): string {
  if (count === 0) return '';
  const told = plural(count, 'watch', 'watches');
  const fire = loud === 0 ? 'none fires' : loud === 1 ? 'one fires' : `${loud} fire`;
  return `${hasMore ? `The first ${told}` : told}: ${fire}.`;
}

function Nothing() {
  return (
    <div class="note">
      <p class="quiet">
        There are no watches yet. A watch says what a counter should not be, and fires while it is
        {may('write') ? '. This makes one:' : '.'}
      </p>
      {may('write') && (
        <pre tabIndex={0} aria-label="Command">
          evercount watches create errors --rate 1h --above 100 --label "too many errors"
        </pre>
      )}
    </div>
  );
}
