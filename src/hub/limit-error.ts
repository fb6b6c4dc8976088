import { HubError } from './hub-error.ts';

/** A call was refused by `rateLimit` or `quota`. Clients see its text, which tells when to try again, after the name `LimitError`. */
export class LimitError extends HubError {
  /** Milliseconds after which it would be taken; infinite where it never would. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.name = 'LimitError';
    this.retryAfter = retryAfter;
  }
}
