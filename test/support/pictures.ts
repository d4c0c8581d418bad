/** Pictures of the page, made small and held beside those that are kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

const KEPT = fileURLToPath(new URL('../dashboard/pictures', import.meta.url));
const MADE = join(tmpdir(), 'evercount-pictures');

/** Dots each way that become one dot of their mean colour: how a letter is drawn is lost, where it stands is not. */
const BLOCK = 8;

/** Where two dots are another: of the distance between black and white. */
const UNLIKE = 0.1;

/** Dots each way of the square in which they are counted: what breaks in one place must not be lost among all that is whole. */
const SQUARE = 10;

/** Whether the kept pictures are made anew, in place of being compared with. */
export const ANEW = process.env['UPDATE_PICTURES'] === '1';

/** How far a picture is from the kept one. */
export interface Difference {
  /** Of the dots of the square in which most are another: 0 to 1. */
  readonly share: number;
  /** Writes the new picture, as it was taken and small, and what is another in it; answers where. */
  readonly keep: () => string;
}

/** @param taken a PNG @throws Error where none of this name is kept */
export function differenceFrom(name: string, taken: Buffer): Difference {
  const path = join(KEPT, `${name}.png`);
  if (!existsSync(path)) throw new Error(`No picture "${name}" is kept; UPDATE_PICTURES=1 makes it.`);
  const [kept, made] = [PNG.sync.read(readFileSync(path)), small(taken)];
  const { width, height } = kept;
  const isAsLarge = made.width === width && made.height === height;
  const difference = new PNG({ width, height });
  const share = isAsLarge
    ? pixelmatch(kept.data, made.data, difference.data, width, height, {
        threshold: UNLIKE,
        includeAA: true,
        windowSize: SQUARE,
      }) /
      SQUARE ** 2
    : 1;
  const keep = () => {
    mkdirSync(MADE, { recursive: true });
    const file = (what: string) => join(MADE, `${name}${what}.png`);
    writeFileSync(file(''), taken);
    writeFileSync(file('-small'), PNG.sync.write(made));
    writeFileSync(file('-difference'), PNG.sync.write(difference));
    return file('');
  };
  return { share, keep };
}

export function keepPicture(name: string, taken: Buffer): void {
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(join(KEPT, `${name}.png`), PNG.sync.write(small(taken), { colorType: 2 }));
}

function small(picture: Buffer): PNG {
  const { width, height, data } = PNG.sync.read(picture);
  const made = new PNG({ width: Math.floor(width / BLOCK), height: Math.floor(height / BLOCK) });
  for (let y = 0; y < made.height; y += 1) {
    for (let x = 0; x < made.width; x += 1) {
      for (let part = 0; part < 4; part += 1) {
        let sum = 0;
        for (let down = 0; down < BLOCK; down += 1) {
          const row = ((y * BLOCK + down) * width + x * BLOCK) * 4;
          for (let across = 0; across < BLOCK; across += 1) sum += data[row + across * 4 + part] ?? 0;
        }
        made.data[(y * made.width + x) * 4 + part] = Math.round(sum / BLOCK ** 2);
      }
    }
  }
  return made;
}
