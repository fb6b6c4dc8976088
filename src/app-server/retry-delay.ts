const SECOND = 1_000;
const LONGEST_DOUBLED = 32 * SECOND;
const LONGEST = 60 * SECOND;

/**
 * Milliseconds until a server connection is dialled again, as Microsoft.Azure.SignalR 1.34.0 waits: not at all, then a second and twice as long each time
 * up to 32 seconds, then a minute; and up to a second more, so that app servers do not all come at once.
 *
 * @param failures - how often it has failed since it last stood, this time left out
 */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  if (failures === 0) return 0;
  const doubled = SECOND * 2 ** (failures - 1);
  return (doubled > LONGEST_DOUBLED ? LONGEST : doubled) + Math.floor(random() * SECOND);
}
