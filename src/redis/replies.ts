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

/** Whether what Redis refused is worth another try. */
export function isTemporary({ message }: Error): boolean {
  return temporary.has(message.split(' ', 1)[0] ?? '');
}
