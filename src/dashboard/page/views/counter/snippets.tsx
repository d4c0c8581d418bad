import { useState } from 'preact/hooks';
import { Choice } from '../../parts/choice.js';
import { Copy } from '../../parts/copy.js';
import { BASE } from '../../service/base.js';
import { asksForKey } from '../../service/session.js';
import { snippetOf, SNIPPETS, type Language } from '../../text/snippets.js';

const OPTIONS = (Object.keys(SNIPPETS) as Language[]).map((each) => [each, SNIPPETS[each]] as const);

/** How to count with it from elsewhere. */
export function Snippets({ name }: { readonly name: string }) {
  const [language, setLanguage] = useState<Language>('curl');
  const text = snippetOf(language, { name, url: BASE, withKey: asksForKey() });
  return (
    <details class="snippets">
      <summary>Count from a program</summary>
      <Choice legend="Language" name="language" options={OPTIONS} chosen={language} onChoose={setLanguage} />
      <div class="code">
        <pre tabIndex={0} aria-label={SNIPPETS[language]}>
          {text}
        </pre>
        <Copy text={text} />
      </div>
    </details>
  );
}
