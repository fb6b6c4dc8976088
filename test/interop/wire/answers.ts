import { record } from './socket.ts';

export const call = (target: string, args: readonly unknown[], invocationId = '1'): string =>
  record({ type: 1, invocationId, target, arguments: args });
export const completion = (result: unknown, invocationId = '1'): string => record({ type: 3, invocationId, result });

export const plain = 'text/plain';
export const bytes = 'application/octet-stream';

/** The answer to a request with an id that is not known any more. */
export const unknown = { status: 404, contentType: plain, body: 'No Connection with that ID' };
/** The answer to every send. */
export const taken = { status: 200, contentType: plain, body: '' };
