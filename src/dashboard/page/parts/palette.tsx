import { signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { goTo } from '../place/address.js';
import { counterAt } from '../place/route.js';
import { api } from '../service/api.js';
import type { Counter, CounterPage } from '../service/shapes.js';
import { type Command, commands } from './commands.js';
import { useLoad } from './use-load.js';

const FOUND = 12;
/** A search starts when the typing pauses. */
const TYPING_MS = 120;

const open = signal(false);

export function openPalette(): void {
  open.value = true;
}

/** Goes to any counter and does what is done most, by what one types. Once on the page. */
export function Palette() {
  return open.value ? <Open onClose={() => (open.value = false)} /> : null;
}

function Open({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [chosen, choose] = useState(0);
  const id = useId();
  // Before anything is painted: who types on at once must not lose a letter.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const { entries, looking } = useEntries(typed);
  const at = Math.min(chosen, entries.length - 1);

  const run = (entry: Command | undefined) => {
    if (entry === undefined) return;
    dialog.current?.close();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      choose((at + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(entries[at]);
    }
  };
  useEffect(() => document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' }), [at, id]);

  return (
    <dialog ref={dialog} class="palette" onClose={onClose} aria-label="Go to">
      <input
        type="text"
        role="combobox"
        placeholder="Go to a counter, or do something"
        aria-label="Go to a counter, or do something"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={entries.length > 0 ? `${id}-${at}` : undefined}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          choose(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="What there is">
        {entries.map((entry, index) => (
          <li
            key={entry.key}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            onMouseMove={() => choose(index)}
            onClick={() => run(entry)}
          >
            <span>{entry.label}</span>
            <span class="quiet">{entry.hint}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p class="quiet">{looking ? 'Looking' : 'Nothing is called that.'}</p>}
    </dialog>
  );
}

/** Commands by their words, counters by a part of their names. */
function useEntries(typed: string): { readonly entries: readonly Command[]; readonly looking: boolean } {
  const [asked, ask] = useState(typed);
  const latest = useRef(asked);
  latest.current = asked;
  useEffect(() => {
    const timer = setTimeout(() => ask(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const { answer, stale } = useLoad(() => firstThatContain(asked, () => latest.current !== asked), [asked]);
  const words = typed.toLowerCase();
  const found = (answer ?? []).filter(({ name }) => name.includes(typed));
  const entries = [
    ...commands().filter(({ label }) => label.toLowerCase().includes(words)),
    ...found.map(({ name }) => ({
      key: `counter ${name}`,
      label: name,
      hint: 'counter',
      run: () => goTo(counterAt(name)),
    })),
  ];
  return { entries, looking: stale || typed !== asked };
}

/** Among very many names one look comes to its end before it has found any: it goes on, until another is looked for. */
async function firstThatContain(search: string, isOver: () => boolean): Promise<readonly Counter[]> {
  let cursor: string | null = null;
  do {
    const page: CounterPage = await api.counters({ prefix: '', search, limit: FOUND, cursor });
    if (page.data.length > 0) return page.data;
    cursor = page.nextCursor;
  } while (cursor !== null && !isOver());
  return [];
}
