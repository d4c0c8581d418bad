import type { ComponentChildren } from 'preact';

interface Props {
  readonly caption: string;
  readonly titles: readonly string[];
  readonly children: ComponentChildren;
}

/** A table that scrolls in itself where it is wider or longer than its place. */
export function Table({ caption, titles, children }: Props) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {titles.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
