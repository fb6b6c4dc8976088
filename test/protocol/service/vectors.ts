import { readVectors } from '../../vector-file.ts';

/** One message as the official library writes it. */
export interface ServiceVector {
  readonly name: string;
  readonly type: number;
  readonly direction: string;
  readonly layout: readonly unknown[];
  readonly body: string;
  readonly framed: string;
}

/** What the official reader makes of another form, and writes again. */
export interface ToleranceCase {
  readonly name: string;
  readonly body: string;
  readonly result: string;
  readonly rewrittenBody: string | null;
}

interface VectorFile {
  readonly written: readonly ServiceVector[];
  readonly writtenNewer: readonly ServiceVector[];
  readonly parserTolerance: { readonly cases: readonly ToleranceCase[] };
  readonly captured: { readonly frames: readonly { readonly name: string; readonly framed: string }[] };
}

const file = readVectors('service-protocol.json') as VectorFile;

export const vectors: readonly ServiceVector[] = [...file.written, ...file.writtenNewer];
export const toleranceCases = file.parserTolerance.cases;
export const capturedFrames = file.captured.frames;

export const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** The values of the vectors' notation, integers of any width as one: `{ $map: [[1, 77]] }` is a `Map`, `{ $bin }` a `Buffer`. */
export function valueOf(noted: unknown): unknown {
  if (typeof noted !== 'object' || noted === null) return noted;
  if (Array.isArray(noted)) return noted.map(valueOf);
  const { $map, $bin, $uint64, $int32fixed } = noted as Readonly<Record<string, unknown>>;
  if (Array.isArray($map)) return { map: $map.map(valueOf) };
  if (typeof $bin === 'string') return bytesOf($bin);
  return Number($uint64 ?? $int32fixed);
}
