/** Messages of the JSON protocol, and the texts of its errors. */
export const call = (target: string, args: readonly unknown[], rest: object = { invocationId: '1' }): object => ({
  type: 1,
  ...rest,
  target,
  arguments: args,
});
export const stream = (target: string, args: readonly unknown[], rest: object = {}): object => ({
  type: 4,
  invocationId: '1',
  target,
  arguments: args,
  ...rest,
});
export const result = (value: unknown, invocationId = '1'): object => ({ type: 3, invocationId, result: value });
export const failure = (error: string): object => ({ type: 3, invocationId: '1', error });
export const item = (value: unknown, invocationId = '1'): object => ({ type: 2, invocationId, item: value });
export const end = { type: 3, invocationId: '1' };
export const failed = (target: string): string => `Failed to invoke '${target}' due to an error on the server.`;
export const unexpected = (target: string): string => `An unexpected error occurred invoking '${target}' on the server.`;
