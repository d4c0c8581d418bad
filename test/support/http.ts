/** Requests as a client sends them, and the raw bytes that no client would send. */
import { type Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { holdToDocument } from './described.js';

export interface HttpAnswer {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string | Buffer;
  /** Keeps the connections; without it a request has one of its own. */
  readonly agent?: Agent;
}

/**
 * Sends one request; the path goes out as it is, `..` and all. An answer that is not as the OpenAPI document has it is a
 * fault.
 */
export async function send(url: string, method: string, path: string, options: HttpOptions = {}): Promise<HttpAnswer> {
  const answer = await sent(url, method, path, options);
  holdToDocument(method, path, answer);
  return answer;
}

function sent(url: string, method: string, path: string, options: HttpOptions): Promise<HttpAnswer> {
  const { json, agent = false } = options;
  const body = json === undefined ? options.body : JSON.stringify(json);
  const headers: Record<string, string | string[] | number> = {
    ...(agent === false ? { connection: 'close' } : {}),
    ...options.headers,
  };
  if (json !== undefined) headers['content-type'] ??= 'application/json';
  if (body !== undefined && headers['transfer-encoding'] === undefined) {
    headers['content-length'] = Buffer.byteLength(body);
  }
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const names = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(names) as HttpAnswer['headers'],
          body: text,
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes and answers everything that comes back until the server closes the connection. */
export function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}
