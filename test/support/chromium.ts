/**
 * A real browser for the tests of the dashboard: the Chromium (or Chrome) of this machine, else Debian's package. No
 * test tool fetches a browser of its own.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { installDebian } from '../../src/embedded/debian-packages.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Folders that are not on everyone's PATH. */
const MORE_FOLDERS = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/homebrew/bin'];
const MACOS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

const HINT =
  'No Chromium was found; the tests of the dashboard need one. Install it, with "apt-get install chromium" or ' +
  '"brew install chromium", or leave them out with "npm test -- --testPathIgnorePatterns dashboard".';

/** It is alone on the machine, calls nobody, and may run as root. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The path of a browser; what has to be fetched is fetched.
 *
 * @param say told what is fetched, when something is
 * @throws Error when there is none
 */
export function findChromium(say: (line: string) => void = () => undefined): string {
  const found = installedChromium();
  if (found !== null) return found;
  const now = installDebian('chromium', say) ? installedChromium() : null;
  if (now === null) throw new Error(HINT);
  return now;
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: FLAGS });
}

function installedChromium(): string | null {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of new Set([...path, ...MORE_FOLDERS])) {
    for (const name of NAMES) if (existsSync(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return existsSync(MACOS) ? MACOS : null;
}
