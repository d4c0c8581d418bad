import { useId, useRef, useState } from 'preact/hooks';
import { useLoad } from '../../parts/use-load.js';
import { MOST_COMPARED } from '../../place/route.js';
import { api } from '../../service/api.js';

const SUGGESTED = 20;

interface Props {
  readonly name: string;
  readonly others: readonly string[];
  readonly onChange: (others: readonly string[]) => void;
}

/** Which other counters share the chart. */
export function Compared({ name, others, onChange }: Props) {
  return (
    <div class="compared">
      {others.length > 0 && (
        <ul>
          <li>
            <span class="swatch" data-trace="1" />
            {name}
          </li>
          {others.map((other, index) => (
            <li key={other}>
              <span class="swatch" data-trace={index + 2} />
              {other}
              <button
                type="button"
                class="link"
                aria-label={`Take ${other} off the chart`}
                onClick={() => onChange(others.filter((each) => each !== other))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      {others.length < MOST_COMPARED - 1 && (
        <AddOther taken={[name, ...others]} onAdd={(other) => onChange([...others, other])} />
      )}
    </div>
  );
}

function AddOther({ taken, onAdd }: { readonly taken: readonly string[]; readonly onAdd: (name: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const [fault, tell] = useState('');
  const list = useId();
  const { answer } = useLoad(
    () => api.counters({ prefix: '', search: typed, limit: SUGGESTED, cursor: null }),
    [typed],
  );
  const suggested = (answer?.data ?? []).filter((counter) => !taken.includes(counter.name));
  const add = async (event: Event) => {
    event.preventDefault();
    const wanted = input.current?.value ?? '';
    if (wanted === '' || taken.includes(wanted)) return;
    const found = await api.counter(wanted).catch(() => null);
    if (found === null) {
      tell(`There is no counter “${wanted}”.`);
      return;
    }
    if (input.current !== null) input.current.value = '';
    setTyped('');
    tell('');
    onAdd(found.name);
  };
  return (
    <form onSubmit={(event) => void add(event)}>
      <input
        ref={input}
        type="text"
        list={list}
        placeholder="Compare with"
        aria-label="Compare with another counter"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <datalist id={list}>
        {suggested.map((counter) => (
          <option key={counter.name} value={counter.name} />
        ))}
      </datalist>
      <button type="submit">Add</button>
      <span class="fault" role="alert">
        {fault}
      </span>
    </form>
  );
}
