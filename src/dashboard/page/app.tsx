import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Confirm } from './parts/confirm.js';
import { openPalette, Palette } from './parts/palette.js';
import { Strip } from './parts/strip.js';
import { ThemeSwitch } from './parts/theme-switch.js';
import { ZoneChoice } from './parts/zone-choice.js';
import { goTo, route, whenLedElsewhere } from './place/address.js';
import { hashOf } from './place/hash.js';
import { AUDIT, HOME, type Route } from './place/route.js';
import { api, whenUnauthorized } from './service/api.js';
import { askSession, may, session } from './service/session.js';
import { watch } from './service/service-state.js';
import { fetchWhenCalm, Later } from './views/later.js';
import { Overview } from './views/overview/overview.js';
import { SignIn } from './views/sign-in.js';

/** The form to sign in is shown until somebody did, wherever the address leads. */
const locked = signal(false);

export function App() {
  useEffect(listen, []);
  const onWall = isOnWall(route.value) && !locked.value;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      {!onWall && <Head />}
      {!onWall && <Strip isOperator={route.value.view === 'operations'} />}
      <main id="main" tabIndex={-1}>
        {locked.value ? <SignIn onSignedIn={unlock} /> : <View />}
      </main>
      <Confirm />
      {!locked.value && <Palette />}
    </>
  );
}

const isOnWall = (place: Route): boolean => place.view === 'overview' && place.wall;

/** Name, address, and whether we are there. Each place is looked at in the same zone. */
function pages(): readonly (readonly [name: string, place: Route, current: boolean])[] {
  const { view } = route.value;
  const operator = may('admin');
  const all: readonly (readonly [string, Route, boolean, boolean])[] = [
    ['Counters', HOME, view === 'overview' || view === 'counter' || view === 'unknown', true],
    ['Tree', { view: 'tree', prefix: '', separator: ':' }, view === 'tree', true],
    ['Watches', { view: 'watches' }, view === 'watches', true],
    ['Operations', { view: 'operations' }, view === 'operations', operator || view === 'operations'],
    ['Keys', { view: 'keys' }, view === 'keys', operator || view === 'keys'],
    ['Audit', AUDIT, view === 'audit', operator || view === 'audit'],
  ];
  return all.flatMap(([name, place, current, shown]) => (shown ? [[name, place, current] as const] : []));
}

function Head() {
  return (
    <header>
      <a class="brand" href={hashOf(HOME)}>
        evercount
      </a>
      <nav aria-label="Pages">
        {pages().map(([name, place, current]) => (
          <a key={name} href={hashOf(place)} aria-current={current ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div>
        <button type="button" class="plain go-to" aria-keyshortcuts="Control+K Meta+K" onClick={openPalette}>
          Go to <kbd aria-hidden="true">Ctrl K</kbd>
        </button>
        <ZoneChoice />
        {session.value?.auth === 'required' && !locked.value && (
          <button type="button" class="plain" onClick={() => void leave()}>
            Sign out
          </button>
        )}
        <ThemeSwitch />
      </div>
    </header>
  );
}

function View() {
  const place = route.value;
  if (place.view === 'unknown') return <Overview place={HOME} />;
  return place.view === 'overview' && !place.wall ? <Overview place={place} /> : <Later place={place} />;
}

function listen(): void {
  whenUnauthorized(() => {
    locked.value = true;
  });
  whenLedElsewhere(() => {
    window.scrollTo(0, 0);
    // Whoever followed a link by keyboard or ear goes on at the top of where it led.
    content()?.focus({ preventScroll: true });
  });
  document.addEventListener('keydown', takeKey);
  void askSession();
  void fetchWhenCalm();
}

const content = () => document.getElementById('main');

function unlock(): void {
  locked.value = false;
  watch.beginAnew();
  content()?.focus({ preventScroll: true });
  void askSession();
}

async function leave(): Promise<void> {
  await api.signOut().catch(() => undefined);
  location.reload();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** Keys that nobody else took. */
function takeKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    openPalette();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/' && !isTyping(event.target)) {
    event.preventDefault();
    if (route.value.view !== 'overview') goTo(HOME);
    // The view changes when the address has.
    setTimeout(() => document.querySelector<HTMLInputElement>('input[type=search]')?.focus(), VIEW_CHANGES_MS);
  } else if (event.key === 'Escape' && (route.value.view !== 'overview' || route.value.wall)) {
    event.preventDefault();
    goTo(HOME);
  }
}

/** A frame or two. */
const VIEW_CHANGES_MS = 50;

/** The address says where the page is, so it cannot also say where to skip to. */
function skip(event: Event): void {
  event.preventDefault();
  content()?.focus();
}
