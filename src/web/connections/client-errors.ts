import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { RESTRAINED } from '../answer-headers.js';
import { PROBLEM_TYPE, ProblemError, problemJson } from '../problems/problem.js';
import { newRequestId } from '../request-id.js';

/** Time for the client to read the answer and hang up before the connection is cut. */
const READ_MS = 1_000;

/** Requests are answered by then; what is still under way is a stream, and ends with its connection. */
const ANSWERED_MS = 5_000;

/** Connections of which a refusal waits for the answers before it. */
const waiting = new WeakSet<Socket>();

/**
 * Answers what Node's parser refused: there is no request yet, only a socket.
 *
 * @param basePath where the service is mounted
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket, basePath: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // Node tells of it again with each piece that comes.
  if (!waiting.has(socket)) refuseInOrder(problemOfParser(error.code), socket, basePath);
}

/** Answers CONNECT, for which Node hands over the bare socket: nothing listens to its errors any more. */
export function refuseTunnel(socket: Socket, basePath: string): void {
  socket.on('error', () => socket.destroy());
  refuseInOrder(new ProblemError('invalid_request', 'This is not a proxy.'), socket, basePath);
}

/** Answers go in the order of the requests: who asked for several would take this one for the answer to the first. */
function refuseInOrder(problem: ProblemError, socket: Socket, basePath: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const answer = answerUnderWay(socket);
  if (answer === null) {
    refuse(problem, socket, basePath);
    return;
  }
  if (!waiting.has(socket)) setTimeout(() => socket.destroy(), ANSWERED_MS).unref();
  waiting.add(socket);
  answer.once('close', () => refuseInOrder(problem, socket, basePath));
}

/** The answer to a request that came whole, if one is being given; a request that is broken itself is owed none. */
function answerUnderWay(socket: Socket & { _httpMessage?: ServerResponse | null }): ServerResponse | null {
  // Node keeps it there, and tells it nowhere else; to note it by ourselves would cost something for each request.
  const { _httpMessage: answer = null } = socket;
  return answer?.req.complete === true ? answer : null;
}

function refuse(problem: ProblemError, socket: Socket, basePath: string): void {
  const requestId = newRequestId();
  const body = problemJson(problem, requestId, basePath);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-cache',
      ...Object.entries(RESTRAINED).map(([name, value]) => `${name}: ${value}`),
      // As Node adds it to all other answers: browsers set their clocks by it.
      `Date: ${new Date().toUTCString()}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // Unread input would turn the end of the connection into a reset that overtakes the answer.
  socket.resume();
  setTimeout(() => socket.destroy(), READ_MS).unref();
}

function problemOfParser(code: string | undefined): ProblemError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ProblemError('timeout', 'The request did not arrive in time.');
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProblemError('headers_too_large', 'The request line and the headers are too long.');
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new ProblemError('too_large', 'The extensions of the chunks are too long.');
  }
  return new ProblemError('invalid_request', 'This is not a valid HTTP request.');
}
