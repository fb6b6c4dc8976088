import { placeSuite } from './interop-suite.ts';
import { behindRedis } from './servers.ts';

placeSuite(behindRedis());
