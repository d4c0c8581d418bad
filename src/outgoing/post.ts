import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Destination } from './destinations.js';

/** Of an answer nothing but its status is of use; what is longer than this is not waited for. */
const MAX_ANSWER_BYTES = 64 * 1_024;

/**
 * Sends a body to where a name led when it was looked up, and nowhere else: neither another look nor a redirect is
 * followed.
 *
 * @param signal ends it, wherever it is
 * @returns the status of the answer
 * @throws Error where nobody answers
 */
export async function post(
  { url, address, family }: Destination,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  const pinned: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
  const options: https.RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup: pinned,
    // A connection of its own: one that is kept might lead elsewhere.
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const { request: send } = url.protocol === 'https:' ? https : http;
    const request = send(url, options, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy();
      });
      // What goes wrong after the status was here changes nothing.
      response.on('error', () => undefined);
      response.on('close', () => resolve(response.statusCode ?? 0));
    });
    // Where nobody listens for it, Node ends such a request with neither an answer nor an error.
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(body);
  });
}
