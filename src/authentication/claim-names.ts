const IDENTITY_2005 = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/';
const IDENTITY_2008 = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/';

/** What .NET calls whom a token was issued for. */
export const NAME_IDENTIFIER = `${IDENTITY_2005}nameidentifier`;

/**
 * The names of claims in tokens, and the long ones that .NET has for them: the map of its JwtSecurityTokenHandler. Of two with one long name the
 * first is written into tokens.
 */
const claimNames: readonly (readonly [short: string, long: string])[] = [
  ['nameid', NAME_IDENTIFIER],
  ['sub', NAME_IDENTIFIER],
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
];

const longNames = new Map(claimNames);
const shortNames = new Map(claimNames.toReversed().map(([short, long]) => [long, short]));

/** The name that .NET has for a claim of a token. */
export function longClaimName(name: string): string {
  return longNames.get(name) ?? name;
}

/** The name that a token has for a claim: short where .NET has a long one for it. */
export function shortClaimName(name: string): string {
  return shortNames.get(name) ?? name;
}
