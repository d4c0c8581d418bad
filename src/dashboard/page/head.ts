/**
 * Stands in the page itself, and so runs before anything is painted and before anything else was fetched. It is small, and
 * shares nothing with the script of the page but the window.
 */
import './theme.js';
import { isList, routeOf } from './place/route.js';
import { askEarly } from './service/early.js';
import { baseOf } from './service/paths.js';

const place = routeOf(location.hash);
const otherViews = new URL(
  document.querySelector<HTMLMetaElement>('meta[name=other-views]')?.content ?? '',
  location.origin,
).href;
askEarly(baseOf(otherViews), place);

// Every view but the list of counters waits for one more script.
if (!isList(place)) {
  const link = document.createElement('link');
  link.rel = 'modulepreload';
  link.href = otherViews;
  document.head.append(link);
}

// The browser reads what it knows of zones and numbers once, and takes its time: now it has nothing else to do.
Intl.DateTimeFormat().resolvedOptions();
Intl.NumberFormat('en-US').format(0);
