/**
 * The one time zone of the whole page: that of the browser, until the address names another one (`tz=`). Every day that is
 * shown begins in it, and the service is asked in it.
 */
import { signal } from '@preact/signals';

const OWN = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const chosen = signal(OWN);

export const zone = (): string => chosen.value;

/** What the address says of it; '' where nothing need be said. */
export const zoneInAddress = (): string => (chosen.value === OWN ? '' : chosen.value);

/** Takes what an address says; what is no zone is passed over. */
export function takeZone(name: string | null): void {
  chosen.value = name !== null && isZone(name) ? name : OWN;
}

/** What there is to choose from, the browser's own and UTC first. @param all whether the others follow */
export function zones(all: boolean): readonly (readonly [name: string, label: string])[] {
  const first = new Set([OWN, 'UTC', chosen.value]);
  const rest = !all ? [] : Intl.supportedValuesOf('timeZone').filter((name) => !first.has(name));
  return [...first, ...rest].map((name) => [name, name === OWN ? `${name} (browser)` : name]);
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
