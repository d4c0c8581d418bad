import { computed, signal } from '@preact/signals';
import { hashOf } from './hash.js';
import { type Route, routeOf, zoneOf } from './route.js';
import { takeZone } from './zone.js';

const hash = signal(location.hash);
takeZone(zoneOf(location.hash));

/** Where the page is. */
export const route = computed(() => routeOf(hash.value));

/** What makes two places two: what else the address says is how one of them is looked at. */
export const placeOf = (route: Route): string => (route.view === 'counter' ? `counter ${route.name}` : route.view);

/** Goes to a place, from where the browser leads back. */
export function goTo(next: Route): void {
  location.hash = hashOf(next);
}

/** Says of the place where the page is how it is looked at now. */
export function restate(next: Route): void {
  history.replaceState(null, '', hashOf(next));
  hash.value = location.hash;
}

/** Calls back when the page was led elsewhere, by a link, by hand or by the browser. */
export function whenLedElsewhere(listener: () => void): void {
  window.addEventListener('hashchange', () => {
    const before = placeOf(route.value);
    takeZone(zoneOf(location.hash));
    hash.value = location.hash;
    if (placeOf(route.value) !== before) listener();
  });
}
