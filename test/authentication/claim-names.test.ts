import { expect, it } from 'vitest';
import { longClaimName, shortClaimName } from '../../src/authentication/claim-names.ts';

const ROLE = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
const NAME_IDENTIFIER = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';

it('claims have a short name in tokens and a long one in .NET; others keep theirs', () => {
  expect([shortClaimName(ROLE), longClaimName('role'), longClaimName('roles')]).toEqual(['role', ROLE, ROLE]);
  expect([shortClaimName(NAME_IDENTIFIER), longClaimName('sub'), longClaimName('nameid')]).toEqual([
    'nameid',
    NAME_IDENTIFIER,
    NAME_IDENTIFIER,
  ]);
  expect([shortClaimName('level'), longClaimName('level')]).toEqual(['level', 'level']);
  expect(shortClaimName(longClaimName('group'))).toBe('group');
});
