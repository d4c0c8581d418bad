import { useState } from 'preact/hooks';
import { confirm } from '../../parts/confirm.js';
import { ApiError } from '../../service/api.js';
import type { Counter } from '../../service/shapes.js';
import { writes } from '../../service/writes.js';
import { change, number } from '../../text/format.js';
import { BoundsDialog, ExpiryDialog, ValueDialog } from './act-dialogs.js';
import { type Done, takeBack } from './done.js';

type Open = 'value' | 'bounds' | 'expiry' | null;

interface Props {
  readonly name: string;
  /** Null where there is none. */
  readonly counter: Counter | null;
}

/** What can be done to a counter, by whoever may. */
export function Acts({ name, counter }: Props) {
  const [done, tell] = useState<Done | null>(null);
  const [open, setOpen] = useState<Open>(null);
  const [busy, setBusy] = useState(false);

  const attempt = async (act: () => Promise<Done>) => {
    setBusy(true);
    try {
      tell(await act());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      tell({ text: faultOf(error), undo: null });
    } finally {
      setBusy(false);
    }
  };
  const undo = ({ undo: way }: Done) => {
    if (way === null) return;
    void attempt(async () => ({ text: await way.run(), undo: null }));
  };
  const close = () => setOpen(null);

  return (
    <section class="acts" aria-label="Change it">
      <div class="tools">
        <button type="button" onClick={() => void attempt(() => add(name, 1))}>
          +1
        </button>
        {counter !== null && (
          <>
            <button type="button" onClick={() => void attempt(() => add(name, -1))}>
              −1
            </button>
            <button type="button" onClick={() => setOpen('value')}>
              Set…
            </button>
            <button type="button" onClick={() => setOpen('bounds')}>
              Bounds…
            </button>
            <button type="button" onClick={() => setOpen('expiry')}>
              Expiry…
            </button>
            <button type="button" disabled={busy} onClick={() => void askReset(counter, attempt)}>
              Reset…
            </button>
            <button type="button" disabled={busy} onClick={() => void askDelete(counter, attempt)}>
              Delete…
            </button>
          </>
        )}
      </div>
      <p class="done" role="status">
        {done !== null && (
          <>
            {done.text}{' '}
            {done.undo !== null && (
              <button type="button" class="link" disabled={busy} onClick={() => undo(done)}>
                {done.undo.label}
              </button>
            )}
          </>
        )}
      </p>
      {counter !== null && open === 'value' && <ValueDialog counter={counter} onDone={tell} onClose={close} />}
      {counter !== null && open === 'bounds' && <BoundsDialog counter={counter} onDone={tell} onClose={close} />}
      {counter !== null && open === 'expiry' && <ExpiryDialog counter={counter} onDone={tell} onClose={close} />}
    </section>
  );
}

type Attempt = (act: () => Promise<Done>) => Promise<void>;

async function add(name: string, by: number): Promise<Done> {
  const { value } = await writes.increment(name, by);
  const back = async () => `Undone: it is ${number((await writes.increment(name, -by)).value)} now.`;
  return { text: `${change(by)}: it is ${number(value)} now.`, undo: { label: 'Undo', run: back } };
}

async function askReset({ name, value }: Counter, attempt: Attempt): Promise<void> {
  const question = `“${name}” is ${number(value)}. It becomes 0; its history stays.`;
  if (!(await confirm('Reset', question, `Reset ${name}`))) return;
  await attempt(async () => {
    const counter = await writes.reset(name);
    const { previous } = counter;
    return {
      text: `Reset: it was ${number(previous)}.`,
      undo: { label: 'Undo', run: () => takeBack(counter, previous) },
    };
  });
}

async function askDelete({ name, value, min, max }: Counter, attempt: Attempt): Promise<void> {
  const question = `“${name}” is ${number(value)}. It goes for good, and its history with it.`;
  if (!(await confirm('Delete', question, `Delete ${name}`))) return;
  await attempt(async () => {
    await writes.delete(name);
    const again = async () => {
      await writes.make(name, { value, min, max });
      return `There is one with ${number(value)} again; its history begins now.`;
    };
    // Its history and its versions are gone: to call this an undo would be untrue.
    return { text: 'Deleted.', undo: { label: `Make a new one with ${number(value)}`, run: again } };
  });
}

function faultOf(error: ApiError): string {
  if (error.status === 412) return 'Nothing was done: it has changed since, and that would have been lost.';
  if (error.status === 403) return 'This key may not do that.';
  return error.message;
}
