import { interopSuite } from './interop-suite.ts';
import { signalbox } from './servers.ts';

interopSuite(signalbox());
