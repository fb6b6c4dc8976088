import type { LogEvent } from '../base/log.ts';

/** What the command has to say to operators. */
export const serveEvents = {
  reloaded: {
    id: 'serve.reloaded',
    level: 'info',
    name: 'ConfigurationReloaded',
    text: 'The configuration was read again. What is different now: {changed}.',
    about: 'At SIGHUP. Settings that take a restart are not among them: each has an entry of its own.',
  },
  restartNeeded: {
    id: 'serve.restart-needed',
    level: 'warn',
    name: 'RestartNeeded',
    text: "The setting '{setting}' was changed, which takes a restart. It stays as it was.",
    about: '',
  },
  reloadRefused: {
    id: 'serve.reload-refused',
    level: 'error',
    name: 'ReloadRefused',
    text: "The configuration can't be used, and everything stays as it was: {problem}",
    about: 'At SIGHUP. An entry for each thing that is wrong.',
  },
  keysReplaced: {
    id: 'serve.keys-replaced',
    level: 'info',
    name: 'AccessKeysReplaced',
    text: 'The access keys were replaced. There are {keys} now.',
    about: 'Connections stay; tokens of keys that are gone are refused from now on.',
  },
  certificateReplaced: {
    id: 'serve.certificate-replaced',
    level: 'info',
    name: 'CertificateReplaced',
    text: 'The certificate was replaced.',
    about: 'Connections stay; new ones see the new one.',
  },
  certificateOutOfDate: {
    id: 'serve.certificate-out-of-date',
    level: 'warn',
    name: 'CertificateOutOfDate',
    text: 'The certificate {problem}: clients and app servers will refuse it.',
    about: '',
  },
  unknownVariable: {
    id: 'serve.unknown-variable',
    level: 'warn',
    name: 'UnknownVariable',
    text: 'The variable {variable} of the environment is no setting, and does nothing.',
    about: 'One that is nearly the variable of a setting prevents the start instead.',
  },
} as const satisfies Readonly<Record<string, LogEvent>>;
