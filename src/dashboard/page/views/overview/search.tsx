import { useEffect, useRef } from 'preact/hooks';
import { restate } from '../../place/address.js';
import type { OverviewPlace } from '../../place/route.js';

/** A search starts when the typing pauses. */
const TYPING_MS = 200;

/** Looks for a part of a name, among those that begin as the address says. */
export function Search({ place }: { readonly place: OverviewPlace }) {
  const input = useRef<HTMLInputElement>(null);
  const typing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const { search } = place;
  useEffect(() => {
    if (input.current !== null && document.activeElement !== input.current) input.current.value = search;
  }, [search]);
  useEffect(() => () => clearTimeout(typing.current), []);

  const onInput = () => {
    clearTimeout(typing.current);
    typing.current = setTimeout(() => restate({ ...place, search: input.current?.value ?? '' }), TYPING_MS);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      document.querySelector<HTMLElement>('.grid a')?.focus();
    } else if (event.key === 'Escape' && input.current !== null && input.current.value !== '') {
      event.preventDefault();
      clearTimeout(typing.current);
      input.current.value = '';
      restate({ ...place, search: '' });
    }
  };
  return (
    <>
      <input
        ref={input}
        type="search"
        defaultValue={search}
        placeholder="Search names"
        aria-label="Search for a part of a name"
        aria-keyshortcuts="/"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={255}
        onInput={onInput}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
      {place.prefix !== '' && (
        <button type="button" class="chip" onClick={() => restate({ ...place, prefix: '' })}>
          Begins with “{place.prefix}”<span class="unseen">: show all</span>
          <span aria-hidden="true">×</span>
        </button>
      )}
    </>
  );
}
