/**
 * The one error whose text the caller sees: `throw new HubError('The room is full.')` in a method, a validator, a filter or
 * `connected`. Of every other error the caller hears only that there was one, unless detailed errors are on.
 *
 * On the wire the text is `<name>: <message>`. `name` is `HubException` for a `HubError` itself, which is what clients of the
 * reference server see, and the class's name for a subclass. A subclass may set another; in minified code it has to.
 */
export class HubError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = (new.target !== HubError && new.target.name) || 'HubException';
  }
}
