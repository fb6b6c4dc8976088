import { longClaimName } from '../authentication/claim-names.ts';
import type { JwtClaims } from '../authentication/jwt-options.ts';

/** Claims by their types, several of which may be the same. */
export type ClaimPairs = readonly (readonly [type: string, value: string])[];

/** The claims of a token as app servers expect them: one pair for each value, as text. */
export function claimPairs(claims: JwtClaims): ClaimPairs {
  const pairs: (readonly [string, string])[] = [];
  for (const [name, value] of Object.entries(claims)) {
    const type = longClaimName(name);
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) pairs.push([type, textOf(one)]);
  }
  return pairs;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? '';
}

/** A claim that is text, number or Boolean, as text. */
export function claimText(claims: JwtClaims, name: string): string | undefined {
  const value = claims[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A claim that is a whole number in a range. */
export function claimInteger(claims: JwtClaims, name: string, least: number, most: number): number | undefined {
  const text = claimText(claims, name);
  const value = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
