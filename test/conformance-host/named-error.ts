/** An error under the name that the reference server's exception has, which clients see with detailed errors. */
export class NamedError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export const invalidOperation = (message: string | null): NamedError =>
  new NamedError('InvalidOperationException', message ?? 'Operation is not valid due to the current state of the object.');
