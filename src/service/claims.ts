import type { JwtClaims } from '../authentication/jwt-options.ts';

const IDENTITY_2005 = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/';
const IDENTITY_2008 = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/';

/**
 * App servers write the short names of claims into tokens, and expect the long ones that .NET gives them when a token is read: the map of its
 * JwtSecurityTokenHandler.
 */
const longNames: ReadonlyMap<string, string> = new Map([
  ['nameid', `${IDENTITY_2005}nameidentifier`],
  ['sub', `${IDENTITY_2005}nameidentifier`],
  ['unique_name', `${IDENTITY_2005}name`],
  ['role', `${IDENTITY_2008}role`],
  ['roles', `${IDENTITY_2008}role`],
  ['email', `${IDENTITY_2005}emailaddress`],
  ['upn', `${IDENTITY_2005}upn`],
  ['given_name', `${IDENTITY_2005}givenname`],
  ['family_name', `${IDENTITY_2005}surname`],
  ['birthdate', `${IDENTITY_2005}dateofbirth`],
  ['gender', `${IDENTITY_2005}gender`],
  ['website', `${IDENTITY_2005}webpage`],
  ['actort', 'http://schemas.xmlsoap.org/ws/2009/09/identity/claims/actor'],
  ['oid', 'http://schemas.microsoft.com/identity/claims/objectidentifier'],
  ['scp', 'http://schemas.microsoft.com/identity/claims/scope'],
  ['tid', 'http://schemas.microsoft.com/identity/claims/tenantid'],
  ['idp', 'http://schemas.microsoft.com/identity/claims/identityprovider'],
  ['acr', 'http://schemas.microsoft.com/claims/authnclassreference'],
  ['amr', 'http://schemas.microsoft.com/claims/authnmethodsreferences'],
  ['primarysid', `${IDENTITY_2008}primarysid`],
  ['primarygroupsid', `${IDENTITY_2008}primarygroupsid`],
  ['group', 'http://schemas.xmlsoap.org/claims/Group'],
  ['commonname', 'http://schemas.xmlsoap.org/claims/CommonName'],
  ['certthumbprint', `${IDENTITY_2008}thumbprint`],
  ['winaccountname', `${IDENTITY_2008}windowsaccountname`],
]);

/** Claims by their types, several of which may be the same. */
export type ClaimPairs = readonly (readonly [type: string, value: string])[];

/** The claims of a token as app servers expect them: one pair for each value, as text. */
export function claimPairs(claims: JwtClaims): ClaimPairs {
  const pairs: (readonly [string, string])[] = [];
  for (const [name, value] of Object.entries(claims)) {
    const type = longNames.get(name) ?? name;
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
