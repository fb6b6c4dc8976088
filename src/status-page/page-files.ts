import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

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
  'bins.js',
  'chart-kinds.js',
  'chart-legend.js',
  'chart-plot.js',
  'chart-scales.js',
  'chart-table.js',
  'chart.js',
  'charts.css',
  'charts.js',
  'dom.js',
  'favicon.svg',
  'figures.js',
  'hubs.js',
  'index.html',
  'live-points.js',
  'page.css',
  'ranges.js',
  'rates.js',
  'recorded-points.js',
  'slots.js',
  'status-page.js',
]);

/** What the page takes from the charts library, wherever that is installed. */
const LIBRARY = new Map([
  ['uPlot.esm.js', 'uplot/dist/uPlot.esm.js'],
  ['uPlot.min.css', 'uplot/dist/uPlot.min.css'],
]);

const { resolve } = createRequire(import.meta.url);

const read = new Map<string, Promise<PageFile>>();

/** A file of the page, read when it is first asked for; undefined where there is none of that name. */
export function pageFile(name: string): Promise<PageFile> | undefined {
  if (!NAMES.has(name) && !LIBRARY.has(name)) return undefined;
  const known = read.get(name);
  if (known !== undefined) return known;
  const reading = readPageFile(name);
  read.set(name, reading);
  // What could not be read may be there at the next request.
  reading.catch(() => read.delete(name));
  return reading;
}

async function readPageFile(name: string): Promise<PageFile> {
  const content = await readFile(placeOf(name));
  const ending = name.slice(name.lastIndexOf('.') + 1) as keyof typeof TYPES;
  return { content, type: TYPES[ending], tag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}

/** @throws where the library is not installed */
function placeOf(name: string): URL {
  const module = LIBRARY.get(name);
  return module === undefined ? new URL(name, FOLDER) : pathToFileURL(resolve(module));
}
