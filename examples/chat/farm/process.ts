import { startChat } from '../app.ts';
import { readFarmSettings } from '../settings.ts';

/** What a server of the farm tells the process that started it. */
export type FromServer =
  | { readonly listens: string }
  | { readonly failed: { readonly code: string; readonly message: string } }
  | { readonly redis: 'away'; readonly reason: string }
  | { readonly redis: 'back' };

/** One server of the farm, in a process of its own. It ends with the process that started it, whatever becomes of that. */
async function main(): Promise<void> {
  const chat = await startChat(readFarmSettings(process.env, 1));
  const events = chat.farm?.backplane.events;
  events?.on('failed', ({ error }) => tell({ redis: 'away', reason: error.message }));
  events?.on('restored', () => tell({ redis: 'back' }));
  tell({ listens: chat.url });

  let closing: Promise<void> | undefined;
  const end = (): void => void (closing ??= chat.close().then(() => (process.connected ? process.disconnect() : undefined)));
  process.once('disconnect', end);
  process.once('SIGTERM', end);
  if (!process.connected) end();
}

function tell(message: FromServer): void {
  if (process.connected) process.send?.(message);
}

// Ctrl+C reaches every process of the terminal; what is to be done about it is said by the one that started this.
process.on('SIGINT', () => undefined);

main().catch(({ code = 'CHAT_FAILED', message }: NodeJS.ErrnoException) => {
  tell({ failed: { code, message } });
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
