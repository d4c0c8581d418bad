import type { ComponentChildren } from 'preact';
import { useAttempt } from '../../parts/use-attempt.js';
import { hashOf } from '../../place/hash.js';
import { counterAt, HOME } from '../../place/route.js';
import { api } from '../../service/api.js';
import { now } from '../../service/clock.js';
import { may } from '../../service/session.js';
import type { Watch } from '../../service/shapes.js';
import { ago, instant, number, plural } from '../../text/format.js';
import { sentenceOf, STATE_WORDS, titleOf } from '../../text/watches.js';

interface Props {
  readonly watches: readonly Watch[];
  /** Where all are of one counter, it need not be said of each. */
  readonly of: string | null;
  /** Called when one of them is another one now. */
  readonly onChanged: () => void;
}

/** Watches and how they stand; whoever may mutes them. */
export function WatchList({ watches, of, onChanged }: Props) {
  const [refusal, attempt] = useAttempt(onChanged);
  return (
    <>
      <p class="fault" role="alert">
        {refusal}
      </p>
      <ul class="watch-list">
        {watches.map((watch) => (
          <Item
            key={watch.id}
            watch={watch}
            of={of}
            onMute={() => void attempt(() => api.muteWatch(watch.id, !watch.muted))}
          />
        ))}
      </ul>
    </>
  );
}

interface ItemProps {
  readonly watch: Watch;
  readonly of: string | null;
  readonly onMute: () => void;
}

function Item({ watch, of, onMute }: ItemProps) {
  const { state, muted, since } = watch;
  const title = titleOf(watch);
  const label = watch.label === '' ? null : <b>{watch.label}</b>;
  const verb = muted ? 'Unmute' : 'Mute';
  return (
    <li data-state={state} data-muted={muted ? 'yes' : undefined}>
      <p class="standing">
        <b>{STATE_WORDS[state]}</b>
        {muted && <span>muted</span>}
      </p>
      <div>
        {of === null ? (
          <>
            <p>
              {label} <About watch={watch} of={null} />
            </p>
            <p>{sentenceOf(watch)}</p>
          </>
        ) : (
          <p>
            {label} {sentenceOf(watch)} {watch.prefix !== null && <About watch={watch} of={of} />}
          </p>
        )}
        <p class="quiet">
          {since === null ? 'Nobody has looked yet.' : <Since at={since}>{countsOf(watch, of)}</Since>}{' '}
          {muted ? 'Muted: nobody is told.' : toldText(watch)}
        </p>
      </div>
      {may('write') && (
        <button type="button" aria-label={`${verb} ${title}`} onClick={onMute}>
          {verb}
        </button>
      )}
    </li>
  );
}

/** What it is about, with the way there. */
function About({ watch: { name, prefix }, of }: Pick<ItemProps, 'watch' | 'of'>) {
  if (name !== null) return <a href={hashOf(counterAt(name))}>{name}</a>;
  return (
    <span class="about">
      {of === null ? 'each' : 'As each'} counter that begins with{' '}
      <a href={hashOf({ ...HOME, prefix: prefix ?? '' })}>{prefix === '' ? 'anything' : prefix}</a>
    </span>
  );
}

function Since({ at, children }: { readonly at: string; readonly children: ComponentChildren }) {
  return (
    <>
      Since <time dateTime={at}>{instant(at)}</time>, {ago(at, now())}
      {children}.
    </>
  );
}

/** Of a prefix, on how many counters. */
function countsOf({ prefix, state, counters: { firing, ok, noData } }: Watch, of: string | null): string {
  if (prefix === null || of !== null) return '';
  const all = plural(firing + ok + noData, 'counter', 'counters');
  return state === 'firing' ? `, on ${number(firing)} of ${all}` : `, of ${all}`;
}

function toldText({ notify }: Watch): string {
  return notify.length === 0 ? 'No webhook is told.' : `${plural(notify.length, 'webhook is', 'webhooks are')} told.`;
}
