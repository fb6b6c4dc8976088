import { interopSuite } from './interop-suite.ts';
import { aspNetCore } from './servers.ts';

interopSuite(aspNetCore());
