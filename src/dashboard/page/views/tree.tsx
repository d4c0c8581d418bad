import { Choice } from '../parts/choice.js';
import { usePages } from '../parts/use-pages.js';
import { Table } from '../parts/table.js';
import { useEvents } from '../parts/use-events.js';
import { useTitle } from '../parts/use-title.js';
import { restate } from '../place/address.js';
import { hashOf } from '../place/hash.js';
import { counterAt, HOME, type Separator, SEPARATORS, type TreePlace } from '../place/route.js';
import { api } from '../service/api.js';
import { may } from '../service/session.js';
import type { TreeNode } from '../service/shapes.js';
import { number } from '../text/format.js';
import { Share } from './share.js';

/** Sums move slowly. */
const RELOAD_MS = 10_000;
const PAGE = 200;

const OPTIONS = SEPARATORS.map((each) => [each, `By ${each}`] as const);

/** Names as a tree: what is below a part, how many, and what they come to. */
export function Tree({ place }: { readonly place: TreePlace }) {
  const { prefix, separator } = place;
  const { items, hasMore, more, fault } = usePages(
    (cursor) => api.tree({ prefix, separator, limit: PAGE, cursor }),
    [prefix, separator],
    RELOAD_MS,
  );
  useEvents();
  useTitle(prefix === '' ? 'Tree · evercount' : `${prefix} · evercount`);
  return (
    <div class="tree">
      <h1>Tree</h1>
      <div class="tools">
        <Path place={place} />
        <Choice<Separator>
          legend="What parts the names"
          name="separator"
          options={OPTIONS}
          chosen={separator}
          onChoose={(next) => restate({ ...place, prefix: '', separator: next })}
        />
      </div>
      <p class="quiet" role="status">
        {noteOf(items, fault?.message ?? null)}
      </p>
      {items !== null && items.length > 0 && (
        <Table caption="Names" titles={['Name', 'Counters', 'Sum']}>
          {items.map((node) => (
            <Row key={`${node.isBranch} ${node.name}`} node={node} place={place} />
          ))}
        </Table>
      )}
      {hasMore && (
        <button type="button" class="more" onClick={more}>
          Show more
        </button>
      )}
      {prefix !== '' && may('admin') && <Share key={prefix} shown={{ prefix }} />}
    </div>
  );
}

function noteOf(items: readonly TreeNode[] | null, fault: string | null): string {
  if (items === null) return fault ?? 'Loading';
  if (fault !== null) return fault;
  return items.length === 0 ? 'There are no counters here.' : '';
}

/** The way here, part by part. */
function Path({ place }: { readonly place: TreePlace }) {
  const { prefix, separator } = place;
  const parts = prefix === '' ? [] : prefix.split(separator).slice(0, -1);
  return (
    <nav class="path" aria-label="Where in the tree">
      <a href={hashOf({ ...place, prefix: '' })} aria-current={parts.length === 0 ? 'page' : undefined}>
        All
      </a>
      {parts.map((part, index) => {
        const upTo = parts.slice(0, index + 1).join(separator) + separator;
        return (
          <a
            key={upTo}
            href={hashOf({ ...place, prefix: upTo })}
            aria-current={index === parts.length - 1 ? 'page' : undefined}
          >
            {part + separator}
          </a>
        );
      })}
      {prefix !== '' && (
        <a class="list" href={hashOf({ ...HOME, prefix })}>
          as cards
        </a>
      )}
    </nav>
  );
}

function Row({ node: { name, isBranch, count, sum }, place }: { readonly node: TreeNode; readonly place: TreePlace }) {
  const href = isBranch ? hashOf({ ...place, prefix: name }) : hashOf(counterAt(name));
  const shown = name.slice(place.prefix.length);
  return (
    <tr>
      <th scope="row">
        <a href={href} title={name}>
          {shown === '' ? name : shown}
        </a>
      </th>
      <td>{isBranch ? number(count) : ''}</td>
      <td>{number(sum)}</td>
    </tr>
  );
}
