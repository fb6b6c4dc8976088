import { codecProperties } from './properties/codecs.ts';
import { handshakeProperties } from './properties/handshakes.ts';
import { officialProperties } from './properties/official.ts';
import { recordedReturnProperties } from './properties/recorded-returns.ts';
import { recordingProperties } from './properties/recordings.ts';
import { returnProperties } from './properties/returns.ts';
import { scheduleProperties } from './properties/schedules.ts';
import type { Property } from './property.ts';

/** Everything that is tried. Those that take longest come first. */
export const properties: readonly Property[] = [
  ...scheduleProperties,
  ...returnProperties,
  ...recordedReturnProperties,
  ...recordingProperties,
  ...codecProperties,
  ...handshakeProperties,
  ...officialProperties,
];
