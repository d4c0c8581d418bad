import type { Counter } from '../../service/shapes.js';
import { writes } from '../../service/writes.js';
import { number } from '../../text/format.js';

/** What was done, and how it is taken back where it can be. */
export interface Done {
  readonly text: string;
  readonly undo: { readonly label: string; readonly run: () => Promise<string> } | null;
}

/** Only where nothing was counted since: it would be lost. */
export async function takeBack({ name, version }: Counter, value: number): Promise<string> {
  await writes.set(name, { value }, version);
  return `Undone: it is ${number(value)} again.`;
}
