import { describe } from 'vitest';
import { codecProperties } from './properties/codecs.ts';
import { handshakeProperties } from './properties/handshakes.ts';
import { officialProperties } from './properties/official.ts';
import { testProperties } from './test-properties.ts';

describe('codecs', () => {
  testProperties([...codecProperties, ...handshakeProperties, ...officialProperties]);
});
