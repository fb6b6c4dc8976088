import { placeSuite } from './interop-suite.ts';
import { behindService } from './servers.ts';

placeSuite(behindService());
