/** Exit codes. */
export const FAILED = 1;
/** The command line itself can't be understood. */
export const USAGE = 2;

/** Why a command ends: lines for the person who gave it, and its exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;
  /** What is wrong, each for itself, where the message names several. */
  readonly problems: readonly string[];

  constructor(exitCode: number, message: string, problems: readonly string[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.problems = problems;
  }
}
