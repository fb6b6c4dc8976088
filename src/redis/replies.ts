/** Errors of Redis that pass by themselves, or when somebody has mended it: the same command may be taken later. */
const temporary = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);

/** Whether what Redis refused is worth another try. A script's error has that of its command within, before Redis 7. */
export function isTemporary({ message }: Error): boolean {
  return temporary.has(message.split(' ', 1)[0] ?? '') || temporary.has(/: -?([A-Z]+) /.exec(message)?.[1] ?? '');
}

/** Whether Redis has the script no longer, because it was restarted or told to forget it. */
export function isForgottenScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/** Whether Redis refused the script or its keys, and might take the message alone: an access list, or a server that knows no scripts. */
export function refusesScripts({ message }: Error): boolean {
  return /^NOPERM|unknown command/i.test(message) && !/channel/i.test(message);
}
