/** Runs before anything is painted, so that a page whose theme was chosen does not flash in the other one. */
const STORED = 'evercount-theme';
try {
  const theme = localStorage.getItem(STORED);
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // A browser that stores nothing follows the system.
}

export {};
