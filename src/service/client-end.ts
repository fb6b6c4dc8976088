import type { CloseCategory } from '../metering/close-category.ts';
import { ConnectionError, type ConnectionErrorKind } from '../transport/connection-error.ts';

const categories: Readonly<Record<ConnectionErrorKind, CloseCategory>> = {
  slow: 'SlowClient',
  silent: 'PingTimeout',
  badRequest: 'BadRequest',
  tooMany: 'Throttled',
};

/** Why a connection ended that its transport ended, or its peer. */
export function transportCategory(error: Error | undefined): CloseCategory {
  if (error instanceof ConnectionError) return categories[error.kind];
  // As `ws` calls what breaks its protocol.
  const isFault = error !== undefined && 'code' in error && String(error.code).startsWith('WS_ERR_');
  return isFault ? 'BadRequest' : 'Normal';
}
