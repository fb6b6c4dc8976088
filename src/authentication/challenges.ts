import { errors } from 'jose';
import type { JwtClaims } from './jwt-options.ts';

/** The challenge to who showed a token that is not good, without saying why. */
export const INVALID_TOKEN = 'Bearer error="invalid_token"';

/** The longest description: what it quotes comes from the token. */
const LONGEST = 200;

/**
 * The challenge to who showed a token that is not good: RFC 6750, with the descriptions of ASP.NET Core. Undefined where it is no token's fault.
 */
export function challengeFor(error: unknown): string | undefined {
  if (!(error instanceof errors.JOSEError)) return undefined;
  const description = descriptionOf(error);
  return description === undefined ? INVALID_TOKEN : `${INVALID_TOKEN}, error_description="${quotable(description)}"`;
}

function descriptionOf(error: InstanceType<typeof errors.JOSEError>): string | undefined {
  if (error instanceof errors.JWTExpired) return `The token expired at '${moment(claims(error).exp)}'`;
  if (error instanceof errors.JWTClaimValidationFailed) return describeClaim(error);
  if (error instanceof errors.JWKSNoMatchingKey) return 'The signature key was not found';
  const unsigned = error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed;
  return unsigned ? 'The signature is invalid' : undefined;
}

function describeClaim(error: InstanceType<typeof errors.JWTClaimValidationFailed>): string | undefined {
  const { iss, aud, nbf } = claims(error);
  switch (error.claim) {
    case 'aud':
      return `The audience '${Array.isArray(aud) ? aud.join(', ') : (aud ?? '(null)')}' is invalid`;
    case 'iss':
      return `The issuer '${iss ?? '(null)'}' is invalid`;
    case 'nbf':
      return error.reason === 'check_failed' ? `The token is not valid before '${moment(nbf)}'` : undefined;
    case 'exp':
      return error.reason === 'missing' ? 'The token has no expiration' : undefined;
    default:
      return error.reason === 'missing' ? `The claim '${error.claim}' is missing` : undefined;
  }
}

const claims = (error: { readonly payload: object }): JwtClaims => error.payload as JwtClaims;

/** `11/21/2026 03:33:00`: a time as .NET writes it where no culture says otherwise. UTC. */
function moment(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1_000);
  if (Number.isNaN(date.getTime())) return '(null)';
  const [year, month, day, time] = date.toISOString().split(/[-T.]/);
  return `${month}/${day}/${year} ${time}`;
}

/** Without what RFC 6750 does not let a description hold, or a header. */
function quotable(text: string): string {
  return text.slice(0, LONGEST).replaceAll(/[^ !#-[\]-~]/g, '?');
}
