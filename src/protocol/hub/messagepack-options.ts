import type { MessagePackExtension } from './messagepack-extensions.ts';
import { oneOf } from './value-options.ts';

/** How values are read. How they are written is told by what they are. */
export interface MessagePackOptions {
  /**
   * What integers are read as that were sent in 64 bits: numbers, rounded beyond 2^53; bigints; or with `auto` bigints where a
   * number can't hold them, and else numbers. Default: `number`.
   */
  readonly int64?: 'number' | 'bigint' | 'auto';
  /**
   * What maps are read as: objects, whose keys are text, with numbers written out, or with `map` a `Map` each, whose keys are
   * what was sent. Default: `object`.
   */
  readonly maps?: 'object' | 'map';
  /** Values of one's own, as extensions of types that the clients know, too. Default: none. */
  readonly extensions?: readonly MessagePackExtension[];
}

/** How values are read that the codec reads in one way only. */
export type MessagePackReading = Required<Pick<MessagePackOptions, 'int64' | 'maps'>>;

/**
 * How values are read; undefined where it is as the codec does it.
 *
 * @throws TypeError for a value that an option does not take
 */
export function messagePackReading({ int64 = 'number', maps = 'object' }: MessagePackOptions): MessagePackReading | undefined {
  oneOf('int64', int64, ['number', 'bigint', 'auto']);
  oneOf('maps', maps, ['object', 'map']);
  return int64 === 'number' && maps === 'object' ? undefined : { int64, maps };
}
