import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { isLocalRequest } from './local-requests.ts';
import { pageFile, type PageFile } from './page-files.ts';
import type { ServiceStatus } from './status.ts';

export interface StatusPageOptions {
  /**
   * Whether a request may see the page; others are answered with 403. Asked for each request. Default: requests of this machine, which come
   * from a loopback address, not over a proxy, and name a loopback host.
   */
  readonly visibleTo?: (request: IncomingMessage) => boolean;
}

/** Answers a request for the page or its data, and tells whether it was one. */
export type StatusPage = (request: IncomingMessage, response: ServerResponse) => boolean;

const DATA = '/status.json';
const FILES = '/status-page/';

const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const REFUSAL = 'The status page is shown to this machine only, as http://localhost. The documentation says how others may see it.\n';

/**
 * The status page: at `/`, with its data at `/status.json` (`{ at, status }`, `at` being the time of the answer in milliseconds since 1970)
 * and its files below `/status-page/`. What the data holds was named by clients and app servers; the page shows it as text.
 *
 * @param status - asked once for each request for the data
 */
export function statusPage(status: () => ServiceStatus, { visibleTo = isLocalRequest }: StatusPageOptions = {}): StatusPage {
  return (request, response) => {
    const path = (request.url ?? '/').replace(/\?.*$/s, '');
    const file = path === DATA ? undefined : pageFile(nameOf(path));
    if (file === undefined && path !== DATA) return false;
    if (!visibleTo(request)) answer(request, response, 403, 'text/plain; charset=utf-8', REFUSAL);
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(request, response, 405, 'text/plain; charset=utf-8', 'Only GET and HEAD.\n', { Allow: 'GET, HEAD' });
    } else if (file === undefined) {
      answer(request, response, 200, 'application/json', JSON.stringify({ at: Date.now(), status: status() }));
    } else {
      file.then(
        (read) => answerFile(request, response, read),
        () => answer(request, response, 500, 'text/plain; charset=utf-8', 'The page is missing from this installation.\n'),
      );
    }
    return true;
  };
}

function nameOf(path: string): string {
  if (path === '/') return 'index.html';
  return path.startsWith(FILES) ? path.slice(FILES.length) : '';
}

function answerFile(request: IncomingMessage, response: ServerResponse, { content, type, tag }: PageFile): void {
  // Kept by the browser, and asked about each time: never that of an earlier version.
  const caching = { 'Cache-Control': 'no-cache', ETag: tag };
  if (request.headers['if-none-match']?.includes(tag) === true) response.writeHead(304, { ...headers, ...caching }).end();
  else answer(request, response, 200, type, content, caching);
}

function answer(
  { method }: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  more: OutgoingHttpHeaders = {},
): void {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, 'Cache-Control': 'no-store', 'Content-Type': type, 'Content-Length': length, ...more });
  response.end(method === 'HEAD' ? undefined : body);
}
