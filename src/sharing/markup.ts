const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as markup shows it, in HTML and XML, in elements and in attributes with quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
}

/** A value as people read it: 1,234,567. */
export function readable(value: number): string {
  return value.toLocaleString('en-US');
}
