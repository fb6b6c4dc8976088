/** Authentication by JSON Web Tokens: `signalbox/jwt`. */
export { jwtBearer } from './authentication/jwt-bearer.ts';
export type { JwtBearerOptions, JwtClaims, PublicKey } from './authentication/jwt-options.ts';
