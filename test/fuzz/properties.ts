import { codecProperties } from './properties/codecs.ts';
import { handshakeProperties } from './properties/handshakes.ts';
import { officialProperties } from './properties/official.ts';
import { recordingProperties } from './properties/recordings.ts';
import { scheduleProperties } from './properties/schedules.ts';
import type { Property } from './property.ts';

/** Everything that is tried. Those that take longest come first. */
export const properties: readonly Property[] = [
  ...scheduleProperties,
  ...recordingProperties,
  ...codecProperties,
  ...handshakeProperties,
  ...officialProperties,
];
