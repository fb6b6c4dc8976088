import { jwtBearer } from 'signalbox/jwt';

/** Tokens of this application itself: HS256, with the new secret or the one before. */
export const ownTokens = (secret: string, secretBefore: string) => jwtBearer({ secret: [secret, secretBefore] });

/** Tokens of another service that has one key pair, for whatever audience. */
export const othersTokens = (pem: string) => jwtBearer({ publicKey: pem, issuer: 'https://accounts.example', audience: null });

/** The user is a record of a database, if there still is one. */
export const knownUsers = (secret: string, find: (id: string) => Promise<{ readonly name: string } | undefined>) =>
  jwtBearer({ secret }, ({ sub }) => find(sub ?? ''));
