import { signal } from '@preact/signals';
import { api } from './api.js';
import type { Session } from './shapes.js';

/** What the key that we came with allows; null until it is known. */
export const session = signal<Session | null>(null);

/** Asks what is allowed: at the start, and after signing in. */
export async function askSession(): Promise<void> {
  session.value = await api.session().catch(() => null);
  tellAsked();
}

let tellAsked: () => void = () => undefined;
/** Settled once the first question was answered, or could not be. */
export const sessionAsked = new Promise<void>((resolve) => {
  tellAsked = resolve;
});

/** Whether it is known to be allowed: buttons that would be refused are not shown. */
export function may(scope: string): boolean {
  const known = session.value;
  return known !== null && (known.auth === 'off' || known.scopes.includes(scope));
}

/** What a command needs beside the address, with the place of the key marked; empty where none is asked for. */
export const asksForKey = (): boolean => session.value?.auth === 'required';
