import { codecProperties } from './properties/codecs.ts';
import { handshakeProperties } from './properties/handshakes.ts';
import { officialProperties } from './properties/official.ts';
import type { Property } from './property.ts';

/** Everything that is tried. Those that take longest come first. */
export const properties: readonly Property[] = [...codecProperties, ...handshakeProperties, ...officialProperties];
