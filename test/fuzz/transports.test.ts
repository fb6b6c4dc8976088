import { describe } from 'vitest';
import { recordingProperties } from './properties/recordings.ts';
import { scheduleProperties } from './properties/schedules.ts';
import { testProperties } from './test-properties.ts';

describe('a server among bad clients', () => {
  testProperties([...scheduleProperties, ...recordingProperties]);
});
