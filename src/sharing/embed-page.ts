import { createHash } from 'node:crypto';
import { escaped, readable } from './markup.js';

/** How often the page asks for the value; as long as it may be kept. */
export const FRESH_S = 10;

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; text-align: center;
  font-family: system-ui, sans-serif; color: light-dark(#111, #eee); background: light-dark(#fff, #161616); }
output { display: block; font-size: clamp(1.5rem, 18vw, 6rem); font-weight: 600; font-variant-numeric: tabular-nums; }
p { margin: 0; color: light-dark(#555, #aaa); overflow-wrap: anywhere; }
`;

const SCRIPT = `
const shown = document.querySelector('output');
setInterval(async () => {
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok !== true) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const value = page.querySelector('output')?.textContent;
  if (value && value !== shown.textContent) shown.textContent = value;
}, ${FRESH_S * 1_000});
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * What an embedded page may do: ask here for itself, run its one script, and be shown by those who may.
 *
 * @param ancestors as the configuration has them
 */
export function embedPolicy(ancestors: readonly string[]): string {
  const [first = 'none'] = ancestors;
  const framed = first === 'self' || first === 'none' ? `'${first}'` : ancestors.join(' ');
  return [
    "default-src 'none'",
    `script-src ${hashOf(SCRIPT)}`,
    `style-src ${hashOf(STYLE)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${framed}`,
  ].join('; ');
}

/** A page of one number, which looks for itself whether it has changed. */
export function embedPage(name: string, label: string | undefined, value: number): string {
  const title = label ?? name;
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>` +
    `<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><style>${STYLE}</style></head>` +
    `<body><output aria-live="polite">${readable(value)}</output>${title === '' ? '' : `<p>${escaped(title)}</p>`}` +
    `<script>${SCRIPT}</script></body></html>`
  );
}
