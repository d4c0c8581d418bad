import { useState } from 'preact/hooks';
import { confirm } from '../parts/confirm.js';
import { Copy } from '../parts/copy.js';
import { useAttempt } from '../parts/use-attempt.js';
import { useLoad } from '../parts/use-load.js';
import { api } from '../service/api.js';
import { BASE } from '../service/base.js';
import { now } from '../service/clock.js';
import type { Link } from '../service/shapes.js';
import { instant } from '../text/format.js';

/** What a link shows: one counter, or all whose names begin alike. */
export type Shown = { readonly name: string } | { readonly prefix: string };

/** Links that show this, and nothing else, to whoever has them. */
export function Share({ shown }: { readonly shown: Shown }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="share" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Show {'name' in shown ? 'it' : 'them'} to others</summary>
      {open && <Links shown={shown} />}
    </details>
  );
}

function Links({ shown }: { readonly shown: Shown }) {
  const isOne = 'name' in shown;
  const text = isOne ? shown.name : shown.prefix;
  // The addresses of what begins alike differ by the name: they are shown with one that is there.
  const { answer, fault, reload } = useLoad(async () => {
    const [links, example] = await Promise.all([api.links(), isOne ? text : firstBelow(text)]);
    return { links, example };
  }, [isOne, text]);
  const [refusal, attempt] = useAttempt(reload);
  const links = (answer?.links ?? []).filter((link) => link[isOne ? 'name' : 'prefix'] === text && isGood(link));
  const revoke = async ({ id, label }: Link) => {
    const seen = isOne ? `“${text}” sees the number` : `what begins with “${text}” sees the numbers`;
    const question = `Whoever has the link “${label}” to ${seen} no more, within seconds.`;
    if (await confirm('End the link', question)) await attempt(() => api.revokeLink(id));
  };
  return (
    <>
      <p class="quiet">
        {isOne
          ? 'A link shows this number as a picture and as a small page. It opens nothing else.'
          : `A link shows each number whose name begins with “${text}” as a picture and as a small page. It opens nothing else.`}
      </p>
      {links.map((link) => (
        <ShownBy key={link.id} name={answer?.example ?? text} link={link} onRevoke={() => void revoke(link)} />
      ))}
      {!isOne && links.length > 0 && (
        <p class="quiet">For another counter, put its name in place of “{answer?.example ?? text}”.</p>
      )}
      <button type="button" onClick={() => void attempt(() => api.makeLink({ label: text, ...shown }))}>
        Make a link
      </button>
      <p class="fault" role="alert">
        {fault?.message ?? refusal}
      </p>
    </>
  );
}

/** The first counter by name that begins so; where there is none any more, what it would begin with. */
async function firstBelow(prefix: string): Promise<string> {
  const { data } = await api.counters({ prefix, limit: 1, cursor: null });
  return data[0]?.name ?? prefix;
}

const isGood = ({ revokedAt, expiresAt }: Link): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now());

interface ShownByProps {
  readonly name: string;
  readonly link: Link;
  readonly onRevoke: () => void;
}

function ShownBy({ name, link: { token, createdAt }, onRevoke }: ShownByProps) {
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
