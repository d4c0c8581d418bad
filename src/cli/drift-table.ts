import type { Drift, VersionedValue } from '../counters/upkeep/drift.js';
import type { Terminal } from './terminal.js';

/** Entries that disagreed with the truth, for people. */
export function driftTable(terminal: Terminal, drift: readonly Drift[]): void {
  terminal.printTable(
    ['name', 'drift', 'cached', 'true', 'for at most'],
    drift.map((found) => [found.name, found.kind, textOf(found.cached), textOf(found.true), ageOf(found)]),
  );
}

function textOf({ value, version }: VersionedValue): string {
  return `${value ?? 'nothing'} (version ${version ?? '?'})`;
}

function ageOf({ ageMs }: Drift): string | null {
  return ageMs === null ? null : `${Math.ceil(ageMs / 1000)} s`;
}
