/** Longer than the service may take for any call of the page. */
const TIMEOUT_MS = 8_000;

/** What came back, whatever its status says. */
export interface Answer {
  readonly response: Response;
  /** Its body; empty where that broke off. */
  readonly text: string;
  /** When it came, by the browser's clock: milliseconds since 1970. */
  readonly atMs: number;
}

/** One request, never answered from the browser's cache. Rejects where nobody answered in time. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const atMs = Date.now();
  return { response, atMs, text: await response.text().catch(() => '') };
}
