import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { textOf } from '../parts/form-dialog.js';
import { goTo } from '../place/address.js';
import { hashOf } from '../place/hash.js';
import { AUDIT, type AuditPlace } from '../place/route.js';
import { zone } from '../place/zone.js';
import { ACTOR_WORDS, DEED_WORDS } from '../text/deeds.js';
import { momentAt, wallTimeOf } from '../text/moment.js';

interface Props {
  readonly place: AuditPlace;
  /** Of keys, by their ids. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Which deeds are shown; it stands in the address. */
export function AuditFilters({ place, labels }: Props) {
  const [fault, tell] = useState('');
  const show = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const [action, subject, actor] = ['action', 'subject', 'actor'].map((name) => textOf(data, name));
    const [from, to] = ['from', 'to'].map((name) => momentAt(textOf(data, name), zone()));
    if (from != null && to != null && from >= to) {
      tell('It must begin before it ends.');
      return;
    }
    tell('');
    goTo({
      view: 'audit',
      action: action ?? '',
      subject: subject ?? '',
      actor: actor ?? '',
      from: from ?? null,
      to: to ?? null,
    });
  };
  const actors = { ...ACTOR_WORDS, ...Object.fromEntries(labels) };
  const wallTime = (ms: number | null) => (ms === null ? '' : wallTimeOf(ms, zone()));
  return (
    <form class="filters" onSubmit={show} aria-label="Filter">
      <OneOf label="What" name="action" chosen={place.action} all="anything" options={DEED_WORDS} />
      <Typed label="Which" name="subject" type="text" value={place.subject} hint="a name or an id" />
      <OneOf label="Who" name="actor" chosen={place.actor} all="anybody" options={actors} />
      <Typed label="Since" name="from" type="datetime-local" value={wallTime(place.from)} />
      <Typed label="Until" name="to" type="datetime-local" value={wallTime(place.to)} />
      <div class="tools">
        <button type="submit">Show</button>
        {hashOf(place) !== hashOf(AUDIT) && <a href={hashOf(AUDIT)}>Show all</a>}
        <span class="fault" role="alert">
          {fault}
        </span>
      </div>
    </form>
  );
}

interface OneOfProps {
  readonly label: string;
  readonly name: string;
  readonly chosen: string;
  /** What the option says that leaves nothing out. */
  readonly all: string;
  readonly options: Readonly<Record<string, string>>;
}

function OneOf({ label, name, chosen, all, options }: OneOfProps) {
  const known = chosen === '' || chosen in options ? options : { ...options, [chosen]: chosen };
  return (
    <label>
      {label}
      <select name={name} value={chosen} onChange={({ currentTarget }) => currentTarget.form?.requestSubmit()}>
        <option value="">{all}</option>
        {Object.entries(known).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

interface TypedProps {
  readonly label: string;
  readonly name: string;
  readonly type: 'text' | 'datetime-local';
  readonly value: string;
  readonly hint?: string;
}

/** Keeps what is being typed until the address says something else. */
function Typed({ label, name, type, value, hint }: TypedProps) {
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => {
    if (field.current !== null) field.current.value = value;
  }, [value]);
  const same = { ref: field, id, name };
  return (
    <label for={id}>
      {label}
      {type === 'text' ? (
        <input {...same} type="text" placeholder={hint} autocomplete="off" spellcheck={false} />
      ) : (
        <input {...same} type="datetime-local" />
      )}
    </label>
  );
}
