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

/** Pixels. */
const HEIGHT = 20;
const PADDING = 6;

/** Pixels that a character takes in Verdana at 11 pixels, about; the first that fits counts, else it is `ORDINARY`. */
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
  const valueWidth = widthOf(value) + 2 * PADDING;
  const labelWidth = label === '' ? 0 : widthOf(label) + 2 * PADDING;
  const width = labelWidth + valueWidth;
  const radius = style === 'flat' ? 3 : 0;
  const text = escaped(label === '' ? value : `${label}: ${value}`);
  const [labelGround, valueGround] = style === 'plain' ? ['none', 'none'] : ['#555', `#${color}`];
  const [labelInk, valueInk] = style === 'plain' ? ['#555', `#${color}`] : ['#fff', inkOn(color)];
  const words = (x: number, wide: number, shown: string, fill: string): string =>
    `<text x="${x + PADDING}" y="14" textLength="${wide - 2 * PADDING}" lengthAdjust="spacingAndGlyphs" fill="${fill}">${escaped(shown)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${text}">`,
    `<title>${text}</title>`,
    `<clipPath id="r"><rect width="${width}" height="${HEIGHT}" rx="${radius}"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${labelWidth}" height="${HEIGHT}" fill="${labelGround}"/>`,
    `<rect x="${labelWidth}" width="${valueWidth}" height="${HEIGHT}" fill="${valueGround}"/></g>`,
    `<g font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">`,
    label === '' ? '' : words(0, labelWidth, label, labelInk),
    words(labelWidth, valueWidth, value, valueInk),
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
  // Where black and white stand out alike.
  return luminance > 0.179 ? '#000' : '#fff';
}
