import { AckStatus } from '../protocol/service/codes.ts';
import { writeServiceMessage } from '../protocol/service/writer.ts';

/** What became of a request, as its ack says it. */
export interface Outcome {
  readonly status: number;
  readonly message?: string;
  readonly payload?: Buffer;
}

export const OK: Outcome = { status: AckStatus.ok };
export const NOT_FOUND: Outcome = { status: AckStatus.notFound };
export const found = (there: boolean): Outcome => (there ? OK : NOT_FOUND);

/** The answer to a request with an `ackId`. */
export function writeAck(ackId: number, { status, message, payload }: Outcome): Buffer {
  return writeServiceMessage({ type: 'ack', ackId, status, message: message ?? null, payload: payload ?? null });
}
