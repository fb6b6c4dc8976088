import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';

const resolve = createRequire(import.meta.url).resolve;
const PUBLIC = join(dirname(resolve('signalbox/package.json')), 'examples/chat/public');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page may load nothing but its own files, and talk to its own server; and to the service, where that is elsewhere. */
function policyFor(elsewhere: string | undefined): string {
  const service = elsewhere === undefined ? '' : ` ${elsewhere} ${elsewhere.replace(/^http/, 'ws')}`;
  return `${POLICY}; connect-src 'self'${service}`;
}

/** Every address there is and its file. A request only ever picks from here, so no path of its own reaches the disk. */
const FILES: ReadonlyMap<string, string> = new Map([
  ...readdirSync(PUBLIC).map((name) => [`/${name}`, join(PUBLIC, name)] as const),
  ['/', join(PUBLIC, 'index.html')],
  ['/lib/signalr.js', resolve('@microsoft/signalr/dist/browser/signalr.min.js')],
  ['/lib/signalr-protocol-msgpack.js', resolve('@microsoft/signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.min.js')],
]);

/**
 * Answers a request for the page or one of its files. Files are read anew each time, so editing one takes a reload to see.
 *
 * @param elsewhere - the origin that the page's connections go to, where that is not its own
 */
export async function servePage(request: IncomingMessage, response: ServerResponse, elsewhere?: string): Promise<void> {
  response.setHeader('Content-Security-Policy', policyFor(elsewhere));
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const path = (request.url ?? '/').replace(/\?.*$/s, '');
  const file = FILES.get(path);
  if (file === undefined) return refuse(response, 404, 'Not found.');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD.');
  }
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch {
    return refuse(response, 404, 'Not found.');
  }
  const tag = `"${createHash('sha256').update(content).digest('base64url')}"`;
  // Kept by the browser, and asked about each time: never stale, and an answer without a body when nothing changed.
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', tag);
  if (request.headers['if-none-match']?.includes(tag)) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Length': content.length });
  response.end(request.method === 'HEAD' ? undefined : content);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(`${text}\n`);
}
