import { useLoad } from '../../parts/use-load.js';
import { useTick } from '../../parts/use-tick.js';
import { api } from '../../service/api.js';
import { WatchList } from './watch-list.js';
import { AGES_MS, inOrder, RELOAD_MS } from './order.js';

/** Nobody reads more of one counter. */
const LIMIT = 100;

/** The watches of one counter, and how it stands; nothing where there is none. */
export function WatchesOf({ name }: { readonly name: string }) {
  useTick(AGES_MS);
  const { answer, reload } = useLoad(() => api.watches({ name, limit: LIMIT, cursor: null }), [name], {
    everyMs: RELOAD_MS,
  });
  if (answer === null || answer.data.length === 0) return null;
  return (
    <section class="watches-of" aria-labelledby="section-watches">
      <h2 id="section-watches">Watches</h2>
      <WatchList watches={inOrder(answer.data)} of={name} onChanged={reload} />
    </section>
  );
}
