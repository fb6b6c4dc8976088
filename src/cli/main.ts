#!/usr/bin/env node
import { VERSION } from '../base/version.ts';
import { announcement } from './announcement.ts';
import { readBillOptions } from './bill-options.ts';
import { bill } from './bill.ts';
import { CliError, FAILED, USAGE } from './cli-error.ts';
import { billHelp, help, serveHelp } from './help.ts';
import { readServeOptions } from './serve-options.ts';
import { serve } from './serve.ts';

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === 'serve') return runService(args);
  if (command === 'bill') return runBill(args);
  if (command === '--version') return say(`${VERSION}\n`);
  if (command === '--help' || command === '-h' || command === 'help') return say(help);
  throw new CliError(USAGE, command === undefined ? help : `signalbox: there is no command '${command}'.\nSee signalbox --help.`);
}

async function runService(args: readonly string[]): Promise<void> {
  const options = await readServeOptions(args, process.env);
  if (options === undefined) return say(serveHelp);
  const service = await serve(options);
  say(announcement(VERSION, service.url, options));
  // Once: a second signal ends the process at once, as it would without a listener.
  const end = (): void => void service.close().catch(fail);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
}

async function runBill(args: readonly string[]): Promise<void> {
  const options = await readBillOptions(args, process.env);
  if (options === undefined) return say(billHelp);
  const { output, error } = await bill(options);
  process.stderr.write(error);
  say(output);
}

const say = (text: string): void => void process.stdout.write(text);

function fail(error: unknown): void {
  const { message, exitCode } = error instanceof CliError ? error : new CliError(FAILED, `signalbox: ${(error as Error).message}`);
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exitCode = exitCode;
}

main(process.argv.slice(2)).catch(fail);
