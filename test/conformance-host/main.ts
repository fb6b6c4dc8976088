import { startHost } from './host.ts';

/** How long connections may take to end after a signal, in milliseconds. */
const CLOSE_DEADLINE = 10_000;

const host = await startHost(Number(process.env['PORT'] ?? 0));
console.log(`Conformance host listening on ${host.url}`);

const stop = (): void => {
  process.off('SIGTERM', stop).off('SIGINT', stop);
  setTimeout(() => process.exit(1), CLOSE_DEADLINE).unref();
  void host.close();
};
process.on('SIGTERM', stop).on('SIGINT', stop);
