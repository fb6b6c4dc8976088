import { randomBytes } from 'node:crypto';

const ID_BYTES = 16;
const POOL_IDS = 256;
let pool = Buffer.alloc(0);
let used = 0;

/** A new unguessable id: 16 random bytes as 22 characters of base64url, as the reference server makes them. */
export function randomId(): string {
  if (used === pool.length) {
    pool = randomBytes(ID_BYTES * POOL_IDS);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('base64url', used - ID_BYTES, used);
}
