import { describe } from 'vitest';
import { recordedReturnProperties } from './properties/recorded-returns.ts';
import { recordingProperties } from './properties/recordings.ts';
import { returnProperties } from './properties/returns.ts';
import { scheduleProperties } from './properties/schedules.ts';
import { testProperties } from './test-properties.ts';

describe('a server among bad clients', () => {
  testProperties([...scheduleProperties, ...returnProperties, ...recordedReturnProperties, ...recordingProperties]);
});
