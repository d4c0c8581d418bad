import type { HistoryPoint } from '../service/shapes.js';

/** Times and whole numbers only: nothing in it needs quotes, and nothing can be taken for a formula. */
export function csvOf(points: readonly HistoryPoint[]): string {
  return ['at,delta,value', ...points.map(({ at, delta, value }) => `${at},${delta},${value}`), ''].join('\r\n');
}

/** What every system takes as the name of a file, from a name that may hold anything. */
export function fileNameOf(counter: string, range: string): string {
  const plain = counter.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|-+$/g, '');
  return `${(plain === '' ? 'counter' : plain).slice(0, 80)}-${range}.csv`;
}

export function download(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
