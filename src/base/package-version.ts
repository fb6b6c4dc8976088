import { createRequire } from 'node:module';

const requireHere = createRequire(import.meta.url);

/** The version of this package. The same from `src` and from what is built of it. */
export const packageVersion: string = (requireHere('../../package.json') as { readonly version: string }).version;
