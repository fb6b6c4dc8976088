import { HubError, type HubFilter } from 'signalbox';

/** Trims every text, and refuses those with words that nobody should read. */
export const cleanLanguage = (banned: readonly string[]): HubFilter<unknown> => ({
  invoke: (invocation, next) => {
    const args = invocation.args.map((argument) => (typeof argument === 'string' ? argument.trim() : argument));
    const found = banned.find((word) => args.some((argument) => typeof argument === 'string' && argument.includes(word)));
    return found === undefined ? next({ ...invocation, args }) : Promise.reject(new HubError(`'${found}' is not said here.`));
  },
});
