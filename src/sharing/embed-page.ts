import { inlineHash } from '../web/inline-hash.js';
import { escaped, readable } from './markup.js';

/** Seconds between two looks of the page at the value, and for which an answer may be kept. */
export const FRESH_S = 10;

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; text-align: center;
  font-family: system-ui, sans-serif; color: light-dark(#111, #eee); background: light-dark(#fff, #161616); }
output { display: block; font-size: clamp(1.5rem, 18vw, 6rem); font-weight: 600; font-variant-numeric: tabular-nums; }
h1 { margin: 0; font: inherit; color: light-dark(#555, #aaa); overflow-wrap: anywhere; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
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
    `script-src ${inlineHash(SCRIPT)}`,
    `style-src ${inlineHash(STYLE)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${framed}`,
  ].join('; ');
}

/**
 * A page of one number, which looks for itself whether it has changed.
 *
 * @param label shown in place of the name; '': nothing is shown, and the name is only told to who cannot see
 */
export function embedPage(name: string, label: string | undefined, value: number): string {
  const shown = label ?? name;
  // Who hears the page, or looks at its tab, is told what the number is in any case.
  const title = escaped(shown === '' ? name : shown);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><style>${STYLE}</style></head>` +
    `<body><main><output aria-live="polite">${readable(value)}</output>` +
    `<h1${shown === '' ? ' class="unseen"' : ''}>${title}</h1></main><script>${SCRIPT}</script></body></html>`
  );
}
