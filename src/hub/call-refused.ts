/** A call that does not reach its method, or not in the way the method is made for. `message` is the whole text that the caller sees. */
export class CallRefused extends Error {
  override readonly name = 'HubException';
}
