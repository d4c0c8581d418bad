import { type HeldAnswer, holdToDocument } from './described.js';

/** `fetch`, for clients that take one: an answer that is not as the OpenAPI document has it is a fault. */
export const heldFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const body = isStream ? null : await response.clone().text();
  holdToDocument(init?.method ?? 'GET', new URL(response.url).pathname, answerOf(response, body));
  return response;
};

/** @param body as it was read, unpacked */
export function answerOf({ status, headers }: Response, body: string | null): HeldAnswer {
  const plain = [...headers].filter(([name]) => name !== 'content-encoding');
  return { status, headers: Object.fromEntries(plain), body };
}
