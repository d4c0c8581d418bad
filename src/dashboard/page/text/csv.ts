import type { HistoryPoint } from '../service/shapes.js';

/** Of one counter times and whole numbers only: nothing in it needs quotes, and nothing can be taken for a formula. */
export function csvOf(points: readonly HistoryPoint[]): string {
  return ['at,delta,value', ...points.map(({ at, delta, value }) => `${at},${delta},${value}`), ''].join('\r\n');
}

/** Of several, one below the other. */
export function csvOfMany(
  counters: readonly { readonly name: string; readonly points: readonly HistoryPoint[] }[],
): string {
  const rows = counters.flatMap(({ name, points }) =>
    points.map(({ at, delta, value }) => `${cell(name)},${at},${delta},${value}`),
  );
  return ['counter,at,delta,value', ...rows, ''].join('\r\n');
}

/** In quotes, and with a mark in front where a spreadsheet would take it for a formula. */
function cell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${inert.replaceAll('"', '""')}"`;
}

/** What every system takes as the name of a file, from a name that may hold anything. @param ending such as `csv` */
export function fileNameOf(counter: string, range: string, ending: string): string {
  const plain = counter.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|-+$/g, '');
  return `${(plain === '' ? 'counter' : plain).slice(0, 80)}-${range}.${ending}`;
}

export function download(content: Blob, fileName: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
