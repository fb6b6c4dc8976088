import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { answer as answerRequest, type Answer } from '../base/answer.ts';
import { historyData, type StatusHistory } from './history-data.ts';
import { isLocalRequest } from './local-requests.ts';
import { pageFile, type PageFile } from './page-files.ts';
import type { ServiceStatus } from './status.ts';

export type { StatusHistory } from './history-data.ts';

export interface StatusPageOptions {
  /** What was recorded; asked for once for each request for it. Default: the charts show what the page has seen itself. */
  readonly history?: () => StatusHistory;
  /**
   * Whether a request may see the page; others are answered with 403. Asked for each request. Default: requests of this machine, which come
   * from a loopback address, not over a proxy, and name a loopback host.
   */
  readonly visibleTo?: (request: IncomingMessage) => boolean;
}

/** Answers a request for the page or its data, and tells whether it was one. */
export type StatusPage = (request: IncomingMessage, response: ServerResponse) => boolean;

const DATA = '/status.json';
const HISTORY = '/history.json';
const FILES = '/status-page/';

const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const PLAIN = 'text/plain; charset=utf-8';
const REFUSAL = 'The status page is shown to this machine only, as http://localhost. The documentation says how others may see it.\n';

/**
 * The status page: at `/`, with its files below `/status-page/`. Its data is at `/status.json` (`{ at, history, status }`, `at` being the time of
 * the answer in milliseconds since 1970, and `history` whether there is one) and `/history.json` (`{ at, minutes, hours }`, from `?since=` on;
 * 404 without a history). What the data holds was named by clients and app servers; the page shows it as text.
 *
 * @param status - asked once for each request for the data
 */
export function statusPage(status: () => ServiceStatus, { history, visibleTo = isLocalRequest }: StatusPageOptions = {}): StatusPage {
  const data: Readonly<Record<string, (query: string) => object | undefined>> = {
    [DATA]: () => ({ at: Date.now(), history: history !== undefined, status: status() }),
    [HISTORY]: (query) => history && { at: Date.now(), ...historyData(history(), sinceOf(query)) },
  };
  return (request, response) => {
    const [path = '', query = ''] = splitAt(request.url ?? '/', '?');
    const read = Object.hasOwn(data, path) ? data[path] : undefined;
    const file = read === undefined ? pageFile(nameOf(path)) : undefined;
    if (file === undefined && read === undefined) return false;
    if (!visibleTo(request)) answer(request, response, { status: 403, type: PLAIN, body: REFUSAL });
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(request, response, { status: 405, type: PLAIN, body: 'Only GET and HEAD.\n' }, { Allow: 'GET, HEAD' });
    } else if (file === undefined) answerData(request, response, read?.(query));
    else {
      file.then(
        (found) => answerFile(request, response, found),
        () => answer(request, response, { status: 500, type: PLAIN, body: 'The page is missing from this installation.\n' }),
      );
    }
    return true;
  };
}

function splitAt(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** What is no time is the beginning of all. */
const sinceOf = (query: string): number => Number(new URLSearchParams(query).get('since')) || 0;

function answerData(request: IncomingMessage, response: ServerResponse, data: object | undefined): void {
  if (data === undefined) answer(request, response, { status: 404, type: PLAIN, body: 'This service keeps no history.\n' });
  else answer(request, response, { status: 200, type: 'application/json', body: JSON.stringify(data) });
}

function nameOf(path: string): string {
  if (path === '/') return 'index.html';
  return path.startsWith(FILES) ? path.slice(FILES.length) : '';
}

function answerFile(request: IncomingMessage, response: ServerResponse, { content, type, tag }: PageFile): void {
  // Kept by the browser, and asked about each time: never that of an earlier version.
  const caching = { 'Cache-Control': 'no-cache', ETag: tag };
  if (request.headers['if-none-match']?.includes(tag) === true) response.writeHead(304, { ...headers, ...caching }).end();
  else answer(request, response, { status: 200, type, body: content }, caching);
}

function answer(request: IncomingMessage, response: ServerResponse, said: Answer, more: OutgoingHttpHeaders = {}): void {
  answerRequest(request, response, said, { ...headers, ...more });
}
