import type { IncomingMessage } from 'node:http';

/** The path of a request as it was sent. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').slice(pathOf(request).length));
}

/** Whether `path` begins with `segment`, such as `/echo`, whatever the case: `/Echo` and `/echo/negotiate` do, `/echoes` does not. */
export function hasSegment(path: string, segment: string): boolean {
  const lower = path.toLowerCase();
  return lower === segment || lower.startsWith(`${segment}/`);
}
