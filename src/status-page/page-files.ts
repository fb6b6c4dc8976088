import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export interface PageFile {
  readonly content: Buffer;
  readonly type: string;
  /** Of its content, for `ETag`. */
  readonly tag: string;
}

/** The same from `src` and from what is built of it: the package carries these files as they are. */
const FOLDER = new URL('../../src/status-page/page/', import.meta.url);

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** Every file of the page. A request picks from here, so no path of its own reaches the disk. */
const NAMES = new Set([
  'app-servers.js',
  'dom.js',
  'favicon.svg',
  'figures.js',
  'history.js',
  'hubs.js',
  'index.html',
  'page.css',
  'sparkline.js',
  'status-page.js',
]);

const read = new Map<string, Promise<PageFile>>();

/** A file of the page, read when it is first asked for; undefined where there is none of that name. */
export function pageFile(name: string): Promise<PageFile> | undefined {
  if (!NAMES.has(name)) return undefined;
  const known = read.get(name);
  if (known !== undefined) return known;
  const reading = readPageFile(name);
  read.set(name, reading);
  // What could not be read may be there at the next request.
  reading.catch(() => read.delete(name));
  return reading;
}

async function readPageFile(name: string): Promise<PageFile> {
  const content = await readFile(new URL(name, FOLDER));
  const ending = name.slice(name.lastIndexOf('.') + 1) as keyof typeof TYPES;
  return { content, type: TYPES[ending], tag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}
