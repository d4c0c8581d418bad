import { api, whenUnauthorized } from './api.js';
import { h } from './dom.js';
import { LiveFeed } from './live-feed.js';
import { hashOf, type Route, routeOf, zoneOf } from './route.js';
import { StateWatch } from './service-state.js';
import { strip } from './strip.js';
import { themeSwitch } from './theme-switch.js';
import { takeZone } from './zone.js';
import { zoneChoice } from './zone-choice.js';
import type { View } from './view.js';
import { counterView } from './views/counter.js';
import { operationsView } from './views/operations.js';
import { overview } from './views/overview.js';
import { signInView } from './views/sign-in.js';

const watch = new StateWatch();
const feed = new LiveFeed(() => top.update());
const top = strip(watch, feed);
const main = h('main', { id: 'main', tabindex: -1 });

const HOME: Route = { view: 'overview', prefix: '', sort: 'name' };

const brand = h('a', { class: 'brand' }, 'evercount');
const links = [h('a', {}, 'Counters'), h('a', {}, 'Operations')] as const;
const zones = zoneChoice();

const signOut = h('button', { type: 'button', class: 'theme', hidden: true, onclick: () => void leave() }, 'Sign out');

let view: View | null = null;
/** Shown until somebody signed in, wherever the address leads. */
let locked = false;

function viewOf(): View {
  const surroundings = { watch, feed };
  if (locked) return signInView(unlock);
  const route = routeOf(location.hash);
  switch (route.view) {
    case 'overview':
      return overview(surroundings, route.prefix, route.sort);
    case 'counter':
      return counterView(surroundings, route.name, route.range);
    case 'operations':
      return operationsView(surroundings);
    case 'unknown':
      return overview(surroundings, '', 'name');
  }
}

function render(moveFocus: boolean): void {
  takeZone(zoneOf(location.hash));
  zones.show();
  view?.close();
  feed.stop();
  view = viewOf();
  document.title = view.title;
  main.replaceChildren(view.element);
  const [counters, operations] = links;
  // Each place is looked at in the same zone.
  brand.href = hashOf(HOME);
  counters.href = hashOf(HOME);
  operations.href = hashOf({ view: 'operations' });
  const current = location.hash.startsWith('#/operations') ? operations : counters;
  for (const link of links) {
    if (link === current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  window.scrollTo(0, 0);
  // Whoever followed a link by keyboard or ear goes on at the top of where it led.
  if (moveFocus) main.focus({ preventScroll: true });
}

function unlock(): void {
  locked = false;
  watch.refresh();
  render(true);
  void showSignOut();
}

/** Whoever signed in can sign out; where no key is asked for, there is nothing to sign out of. */
async function showSignOut(): Promise<void> {
  const session = await api.session().catch(() => null);
  signOut.hidden = session?.auth !== 'required';
}

async function leave(): Promise<void> {
  await api.signOut().catch(() => undefined);
  location.reload();
}

whenUnauthorized(() => {
  if (locked) return;
  locked = true;
  signOut.hidden = true;
  render(false);
});

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector('dialog[open]') !== null) return;
  if (event.key === '/' && !isTyping(event.target)) {
    event.preventDefault();
    if (routeOf(location.hash).view !== 'overview') location.hash = hashOf(HOME);
    // The view changes when the address has.
    setTimeout(() => document.querySelector<HTMLInputElement>('input[type=search]')?.focus());
    return;
  }
  if (view?.key?.(event) === true) event.preventDefault();
});

window.addEventListener('hashchange', () => render(true));

document.body.append(
  h('a', { class: 'skip', href: '#main', onclick: skip }, 'Skip to the content'),
  h(
    'header',
    {},
    brand,
    h('nav', { 'aria-label': 'Pages' }, ...links),
    h('div', {}, zones.element, signOut, themeSwitch()),
  ),
  top.element,
  main,
);

/** The address says where the page is, so it cannot also say where to skip to. */
function skip(event: Event): void {
  event.preventDefault();
  main.focus();
}

watch.start();
render(false);
void showSignOut();
