import { calm } from '../parts/calm.js';
import { useLoad } from '../parts/use-load.js';
import type { Route } from '../place/route.js';
import { ApiError } from '../service/api.js';
import type * as elsewhere from './elsewhere.js';

type Views = typeof elsewhere;

const AWAY = 'This part of the page cannot be had right now; trying again.';

/** Once it is there it stays, whatever becomes of the service. */
let views: Views | null = null;
let tries = 0;

async function fetchViews(): Promise<Views> {
  try {
    views ??= await (tries === 0 ? import('./elsewhere.js') : importAgain());
    return views;
  } catch {
    tries += 1;
    throw new ApiError(0, AWAY);
  }
}

/** Browsers remember what could not be had, by its address: so each try has another one. */
function importAgain(): Promise<Views> {
  const address = document.querySelector<HTMLMetaElement>('meta[name=other-views]')?.content ?? '';
  return import(`${address}?again=${tries}`) as Promise<Views>;
}

/** Fetches the script of the other views before somebody goes there. */
export async function fetchWhenCalm(): Promise<void> {
  await calm;
  // Whoever goes there tries again.
  await fetchViews().catch(() => undefined);
}

/** A view whose script is another one. */
export function Later({ place }: { readonly place: Route }) {
  const { fault } = useLoad(fetchViews, []);
  if (views !== null) return <views.Elsewhere place={place} />;
  return (
    <>
      <h1 class="unseen">evercount</h1>
      <p class="quiet" role="status">
        {fault === null ? 'Loading' : fault.message}
      </p>
      {fault !== null && (
        // After an upgrade of the service the script has another name, which only the new page knows.
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      )}
    </>
  );
}
