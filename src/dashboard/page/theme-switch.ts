import { h, setText } from './dom.js';

const STORED = 'evercount-theme';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

function current(): 'light' | 'dark' {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'light' || chosen === 'dark' ? chosen : dark.matches ? 'dark' : 'light';
}

/** Charts are drawn in colours of the page, and again when those change. */
export const THEME_CHANGED = 'evercount-theme-changed';

export function themeSwitch(): HTMLButtonElement {
  const name = h('span');
  const unseen = h('span', { class: 'unseen' }, ' theme');
  const button = h('button', { type: 'button', class: 'theme', onclick: () => choose() }, name, unseen);
  const show = () => setText(name, current() === 'dark' ? 'Light' : 'Dark');
  const tell = () => {
    show();
    document.dispatchEvent(new Event(THEME_CHANGED));
  };
  const choose = () => {
    const next = current() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = next;
    try {
      localStorage.setItem(STORED, next);
    } catch {
      // Then it lasts as long as the page does.
    }
    tell();
  };
  dark.addEventListener('change', tell);
  show();
  return button;
}
