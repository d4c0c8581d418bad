import { signal } from '@preact/signals';

const STORED = 'evercount-pins';

/** Names that somebody wants before their eyes, kept in this browser alone. */
export const pins = signal<readonly string[]>(stored());

export function togglePin(name: string): void {
  const next = pins.value.includes(name) ? pins.value.filter((pin) => pin !== name) : [...pins.value, name];
  pins.value = next;
  try {
    if (next.length === 0) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, JSON.stringify(next));
  } catch {
    // Then they last as long as the page does.
  }
}

function stored(): readonly string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    return Array.isArray(found) ? found.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}
