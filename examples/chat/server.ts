import { startChat } from './app.ts';

const port = Number(process.env['PORT'] || 8888);
const host = process.env['HOST'] || '127.0.0.1';

/** What to do about an address that can't be listened on. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: `Port ${port} is taken. Choose another: PORT=${port + 1} npm start`,
  EACCES: `Port ${port} needs more rights than this process has. Choose one above 1023: PORT=8888 npm start`,
  EADDRNOTAVAIL: `${host} is not an address of this machine. Leave HOST out, or set it to one that is.`,
  ENOTFOUND: `There is no host called ${host}. Leave HOST out, or set it to an address of this machine.`,
};

async function main(): Promise<void> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT is to be a number from 0 to 65535, not '${process.env['PORT']}'.`);
  const chat = await startChat({ host, port });
  console.log(`Signalbox chat: ${chat.url}\nOpen it in two tabs. Ctrl+C stops it.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: a second Ctrl+C ends the process at once, as it would without a listener.
    process.once(signal, () => void chat.close());
  }
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(ADVICE[error.code ?? ''] ?? error.message);
  process.exitCode = 1;
});
