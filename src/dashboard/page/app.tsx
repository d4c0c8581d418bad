import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Confirm } from './parts/confirm.js';
import { Strip } from './parts/strip.js';
import { ThemeSwitch } from './parts/theme-switch.js';
import { ZoneChoice } from './parts/zone-choice.js';
import { goTo, placeOf, route, whenLedElsewhere } from './place/address.js';
import { hashOf, HOME } from './place/route.js';
import { api, whenUnauthorized } from './service/api.js';
import { watch } from './service/service-state.js';
import { CounterView } from './views/counter/counter.js';
import { Operations } from './views/operations/operations.js';
import { Overview } from './views/overview/overview.js';
import { SignIn } from './views/sign-in.js';

/** The form to sign in is shown until somebody did, wherever the address leads. */
const locked = signal(false);
const mayLeave = signal(false);

export function App() {
  useEffect(listen, []);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Head />
      <Strip />
      <main id="main" tabIndex={-1}>
        {locked.value ? <SignIn onSignedIn={unlock} /> : <View />}
      </main>
      <Confirm />
    </>
  );
}

function Head() {
  const { view } = route.value;
  // Each place is looked at in the same zone.
  const pages = [
    ['Counters', hashOf(HOME), view !== 'operations'],
    ['Operations', hashOf({ view: 'operations' }), view === 'operations'],
  ] as const;
  return (
    <header>
      <a class="brand" href={hashOf(HOME)}>
        evercount
      </a>
      <nav aria-label="Pages">
        {pages.map(([name, href, current]) => (
          <a key={name} href={href} aria-current={current ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div>
        <ZoneChoice />
        {mayLeave.value && (
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
  switch (place.view) {
    case 'overview':
      return <Overview place={place} />;
    case 'counter':
      return <CounterView key={placeOf(place)} place={place} />;
    case 'operations':
      return <Operations />;
    case 'unknown':
      return <Overview place={HOME} />;
  }
}

function listen(): void {
  whenUnauthorized(() => {
    locked.value = true;
    mayLeave.value = false;
  });
  whenLedElsewhere(() => {
    window.scrollTo(0, 0);
    // Whoever followed a link by keyboard or ear goes on at the top of where it led.
    content()?.focus({ preventScroll: true });
  });
  document.addEventListener('keydown', takeKey);
  void askWhetherSignedIn();
}

const content = () => document.getElementById('main');

function unlock(): void {
  locked.value = false;
  watch.refresh();
  content()?.focus({ preventScroll: true });
  void askWhetherSignedIn();
}

/** Whoever signed in can sign out; where no key is asked for, there is nothing to sign out of. */
async function askWhetherSignedIn(): Promise<void> {
  const session = await api.session().catch(() => null);
  mayLeave.value = session?.auth === 'required';
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
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector('dialog[open]') !== null) return;
  if (event.key === '/' && !isTyping(event.target)) {
    event.preventDefault();
    if (route.value.view !== 'overview') goTo(HOME);
    // The view changes when the address has.
    setTimeout(() => document.querySelector<HTMLInputElement>('input[type=search]')?.focus(), VIEW_CHANGES_MS);
  } else if (event.key === 'Escape' && route.value.view !== 'overview') {
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
