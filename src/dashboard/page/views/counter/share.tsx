import { useState } from 'preact/hooks';
import { confirm } from '../../parts/confirm.js';
import { Copy } from '../../parts/copy.js';
import { useAttempt } from '../../parts/use-attempt.js';
import { useLoad } from '../../parts/use-load.js';
import { api } from '../../service/api.js';
import { BASE } from '../../service/base.js';
import { now } from '../../service/clock.js';
import type { Link } from '../../service/shapes.js';
import { instant } from '../../text/format.js';

/** Links that show this counter, and nothing else, to whoever has them. */
export function Share({ name }: { readonly name: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="share" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Show it to others</summary>
      {open && <Links name={name} />}
    </details>
  );
}

function Links({ name }: { readonly name: string }) {
  const { answer, fault, reload } = useLoad(() => api.links(), [name]);
  const [refusal, attempt] = useAttempt(reload);
  const links = (answer?.data ?? []).filter((link) => link.name === name && isGood(link));
  const revoke = async ({ id, label }: Link) => {
    const question = `Whoever has the link “${label}” to “${name}” sees the number no more, within seconds.`;
    if (await confirm('End the link', question)) await attempt(() => api.revokeLink(id));
  };
  return (
    <>
      <p class="quiet">A link shows this number as a picture and as a small page. It opens nothing else.</p>
      {links.map((link) => (
        <Shown key={link.id} name={name} link={link} onRevoke={() => void revoke(link)} />
      ))}
      <button type="button" onClick={() => void attempt(() => api.makeLink({ label: name, name }))}>
        Make a link
      </button>
      <p class="fault" role="alert">
        {fault?.message ?? refusal}
      </p>
    </>
  );
}

const isGood = ({ revokedAt, expiresAt }: Link): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now());

interface ShownProps {
  readonly name: string;
  readonly link: Link;
  readonly onRevoke: () => void;
}

function Shown({ name, link: { token, createdAt }, onRevoke }: ShownProps) {
  const picture = `${BASE}/badge/${encodeURIComponent(name)}.svg?link=${encodeURIComponent(token)}`;
  const page = `${BASE}/embed/${encodeURIComponent(name)}?link=${encodeURIComponent(token)}`;
  return (
    <div class="link-shown">
      {[
        ['Picture', picture],
        ['Small page', page],
      ].map(([what = '', address = '']) => (
        <div key={what} class="code">
          <pre tabIndex={0} aria-label={what}>
            {address}
          </pre>
          <Copy text={address} />
        </div>
      ))}
      <p class="quiet">
        Made {instant(createdAt)}.{' '}
        <button type="button" class="link" onClick={onRevoke}>
          End it
        </button>
      </p>
    </div>
  );
}
