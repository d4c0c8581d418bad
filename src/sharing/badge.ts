import { escaped } from './markup.js';

export const BADGE_STYLES = ['flat', 'square', 'plain'] as const;

export type BadgeStyle = (typeof BADGE_STYLES)[number];

export interface Badge {
  readonly label: string;
  readonly value: string;
  readonly style: BadgeStyle;
  /** Hexadecimal, without #. */
  readonly color: string;
}

const HEIGHT = 20;
const PADDING = 6;

/** About how wide a character is in Verdana at 11 pixels; what is not told is as wide as a letter of Latin. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ilj.,:;'|!]/, 4],
  [/[ftr()[\]{}/ -]/, 5],
  [/[mwMW@%]/, 11],
  [/[A-Z]/, 8],
  [/[\u1100-\uffff]|[\u{10000}-\u{10ffff}]/u, 12],
];
const ORDINARY = 7;

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDTHS.find(([kind]) => kind.test(character))?.[1] ?? ORDINARY;
  return width;
}

/** A picture of a label and a value, as they stand at the top of many a page about a program. */
export function badgeSvg({ label, value, style, color }: Badge): string {
  const [own, other] = [widthOf(value) + 2 * PADDING, label === '' ? 0 : widthOf(label) + 2 * PADDING];
  const width = own + other;
  const radius = style === 'flat' ? 3 : 0;
  const text = escaped(label === '' ? value : `${label}: ${value}`);
  const [dark, light] = style === 'plain' ? ['none', 'none'] : ['#555', `#${color}`];
  const ink = style === 'plain' ? '#555' : '#fff';
  const valueInk = style === 'plain' ? `#${color}` : inkOn(color);
  const words = (x: number, wide: number, shown: string, fill: string): string =>
    `<text x="${x + PADDING}" y="14" textLength="${wide - 2 * PADDING}" lengthAdjust="spacingAndGlyphs" fill="${fill}">${escaped(shown)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${text}">`,
    `<title>${text}</title>`,
    `<clipPath id="r"><rect width="${width}" height="${HEIGHT}" rx="${radius}"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${other}" height="${HEIGHT}" fill="${dark}"/>`,
    `<rect x="${other}" width="${own}" height="${HEIGHT}" fill="${light}"/></g>`,
    `<g font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">`,
    label === '' ? '' : words(0, other, label, ink),
    words(other, own, value, valueInk),
    '</g></svg>',
  ].join('');
}

/** Black or white, whichever can be read on a colour: by the formula of WCAG 2. */
function inkOn(color: string): string {
  const full = color.length === 3 ? color.replace(/./g, '$&$&') : color;
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const part = parseInt(full.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.179 ? '#000' : '#fff';
}
