import { computed, signal } from '@preact/signals';

const STORED = 'evercount-theme';

const system = window.matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(system.matches);
system.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));

const chosen = signal(document.documentElement.dataset['theme']);

/** As the page looks now. Charts are drawn in its colours, and again when those change. */
export const theme = computed((): 'light' | 'dark' => {
  if (chosen.value === 'light' || chosen.value === 'dark') return chosen.value;
  return systemIsDark.value ? 'dark' : 'light';
});

export function ThemeSwitch() {
  const other = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="plain" onClick={() => chooseTheme(other)}>
      {other === 'dark' ? 'Dark' : 'Light'}
      <span class="unseen"> theme</span>
    </button>
  );
}

export function chooseTheme(next: 'light' | 'dark'): void {
  document.documentElement.dataset['theme'] = next;
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // Then it lasts as long as the page does.
  }
  chosen.value = next;
}
