import { useState } from 'preact/hooks';
import { confirm } from '../parts/confirm.js';
import { Copy } from '../parts/copy.js';
import { Field } from '../parts/field.js';
import { FormDialog, textOf } from '../parts/form-dialog.js';
import { Table } from '../parts/table.js';
import { useAttempt } from '../parts/use-attempt.js';
import { usePages } from '../parts/use-pages.js';
import { useEvents } from '../parts/use-events.js';
import { useTitle } from '../parts/use-title.js';
import type { ApiError } from '../service/api.js';
import { api } from '../service/api.js';
import { now } from '../service/clock.js';
import type { Key } from '../service/shapes.js';
import { ago, instant } from '../text/format.js';

const SCOPES = [
  ['read', 'read counters, lists and history'],
  ['write', 'set, reset and delete; count as well'],
  ['increment', 'count, and nothing else: for pages and devices'],
  ['admin', 'the cache, its jobs, and keys'],
] as const;

const TITLES = ['Label', 'May', 'Names', 'Made', 'Last used', 'State', 'By hand'];

/** A secret is shown once: nobody keeps it. */
interface Secret {
  readonly label: string;
  readonly text: string;
}

/** The keys that calls are made with. */
export function Keys() {
  useEvents();
  useTitle('Keys · evercount');
  const { items, hasMore, more, fault, reload } = usePages((cursor) => api.keys(cursor), []);
  const [making, setMaking] = useState(false);
  const [secret, tell] = useState<Secret | null>(null);
  const [refusal, attempt] = useAttempt(reload);

  const rotate = async ({ id, label }: Key) => {
    const question = `“${label}” gets a new secret. The one it has now stays good for a day.`;
    if (!(await confirm('Rotate', question, `Rotate ${label}`))) return;
    await attempt(async () => tell({ label, text: (await api.rotateKey(id)).secret }));
  };
  const revoke = async ({ id, label }: Key) => {
    const question = `“${label}” ends for good, with the sessions that were begun with it. Nothing brings it back.`;
    if (!(await confirm('Revoke', question, `Revoke ${label}`))) return;
    await attempt(async () => {
      await api.revokeKey(id);
    });
  };

  return (
    <div class="keys">
      <div class="tools">
        <h1>Keys</h1>
        <button type="button" onClick={() => setMaking(true)}>
          New key
        </button>
      </div>
      <p class="quiet" role="status">
        {fault !== null ? noteOf(fault) : items === null ? 'Loading' : refusal}
      </p>
      {secret !== null && (
        <div class="secret" role="status">
          <p>The key “{secret.label}”. It can be seen only now: put it where it is needed.</p>
          <div class="code">
            <pre tabIndex={0} aria-label="The key">
              {secret.text}
            </pre>
            <Copy text={secret.text} />
          </div>
        </div>
      )}
      {items !== null && items.length === 0 && <p class="quiet">There are no keys yet.</p>}
      {items !== null && items.length > 0 && (
        <Table caption="Keys" titles={TITLES}>
          {items.map((key) => (
            <Row key={key.id} of={key} onRotate={() => void rotate(key)} onRevoke={() => void revoke(key)} />
          ))}
        </Table>
      )}
      {hasMore && (
        <button type="button" class="more" onClick={more}>
          Show more
        </button>
      )}
      {making && (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(made) => {
            tell(made);
            reload();
          }}
        />
      )}
    </div>
  );
}

function noteOf(fault: ApiError): string {
  return fault.status === 403 ? 'This needs a key with the scope "admin".' : fault.message;
}

interface RowProps {
  readonly of: Key;
  readonly onRotate: () => void;
  readonly onRevoke: () => void;
}

function Row({ of: key, onRotate, onRevoke }: RowProps) {
  const { label, scopes, prefix, createdAt, lastUsedAt } = key;
  const ended = stateOf(key) !== 'good';
  return (
    <tr class={ended ? 'ended' : undefined}>
      <th scope="row">{label}</th>
      <td>{scopes.join(', ')}</td>
      <td>{prefix === '' ? 'all' : `${prefix}…`}</td>
      <td>{instant(createdAt)}</td>
      <td>{lastUsedAt === null ? 'never' : ago(lastUsedAt, now())}</td>
      <td>{stateOf(key)}</td>
      <td>
        {!ended && (
          <>
            <button type="button" class="link" aria-label={`Rotate ${label}`} onClick={onRotate}>
              Rotate
            </button>{' '}
            <button type="button" class="link" aria-label={`Revoke ${label}`} onClick={onRevoke}>
              Revoke
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

function stateOf({ revokedAt, expiresAt }: Key): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= now() ? 'expired' : 'good';
}

interface NewKeyProps {
  readonly onClose: () => void;
  readonly onMade: (secret: Secret) => void;
}

function NewKey({ onClose, onMade }: NewKeyProps) {
  const submit = async (fields: FormData) => {
    const [label, prefix] = [textOf(fields, 'label'), textOf(fields, 'prefix')];
    const scopes = fields.getAll('scope').map(String);
    if (scopes.length === 0) return 'It must be allowed to do something.';
    const { secret } = await api.makeKey({ label, scopes, prefix });
    onMade({ label, text: secret });
    return null;
  };
  return (
    <FormDialog title="New key" action="Make it" onSubmit={submit} onClose={onClose}>
      <Field label="Label" name="label" hint="For people: who or what uses it." required />
      <fieldset class="field">
        <legend>It may</legend>
        {SCOPES.map(([scope, what]) => (
          <label key={scope} class="check">
            <input type="checkbox" name="scope" value={scope} defaultChecked={scope === 'read'} />
            <span>
              <b>{scope}</b>: {what}
            </span>
          </label>
        ))}
      </fieldset>
      <Field label="Names begin with" name="prefix" hint="Empty: all names." />
    </FormDialog>
  );
}
