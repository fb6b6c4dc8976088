/** Connections that are opened at a time. */
const AT_A_TIME = 100;

/**
 * Opens many of something, some at a time, and hands over each as it is there.
 *
 * @throws what opening one of them threw; no further one is begun then
 */
export async function openMany<T>(count: number, open: (index: number) => Promise<T>, opened: (one: T) => void): Promise<void> {
  let next = 0;
  let failed = false;
  const openInTurn = async (): Promise<void> => {
    while (next < count && !failed) {
      try {
        opened(await open(next++));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const all = await Promise.allSettled(Array.from({ length: Math.min(AT_A_TIME, count) }, openInTurn));
  const refused = all.find((result) => result.status === 'rejected');
  if (refused) throw refused.reason;
}
