import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';

/** What a server of https is made with, as text of PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A file, and how errors name the setting that names it. */
export interface NamedFile {
  readonly file: string;
  readonly named: string;
}

/** The oldest version spoken. */
export const LEAST_TLS = 'TLSv1.2';

/** Reads and checks both files. Returns what is wrong, a line each, where something is. Nothing of the key is in these. */
export async function readTlsFiles(certFile: NamedFile, keyFile: NamedFile): Promise<TlsFiles | readonly string[]> {
  const problems: string[] = [];
  const cert = await readPem(certFile, problems);
  const key = await readPem(keyFile, problems);
  const certificate = cert === undefined ? undefined : certificateOf(cert, certFile, problems);
  const privateKey = key === undefined ? undefined : privateKeyOf(key, keyFile, problems);
  if (cert === undefined || key === undefined || certificate === undefined || privateKey === undefined) return problems;
  if (!certificate.checkPrivateKey(privateKey)) {
    return [`${keyFile.named}. It is not the private key of the certificate in ${certFile.file}.`];
  }
  try {
    createSecureContext({ cert, key, minVersion: LEAST_TLS });
  } catch (error) {
    return [`${certFile.named}. It can't be used: ${(error as Error).message}.`];
  }
  return { cert, key };
}

async function readPem({ file, named }: NamedFile, problems: string[]): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    problems.push(`${named}. It can't be read: ${(error as Error).message}.`);
    return undefined;
  }
}

function certificateOf(cert: string, { named }: NamedFile, problems: string[]): X509Certificate | undefined {
  try {
    return new X509Certificate(cert);
  } catch {
    problems.push(`${named}. It is no certificate. Allowed: PEM, which begins with -----BEGIN CERTIFICATE-----.`);
    return undefined;
  }
}

function privateKeyOf(key: string, { named }: NamedFile, problems: string[]): KeyObject | undefined {
  try {
    return createPrivateKey(key);
  } catch {
    // In the head of its PEM, whatever its kind.
    const what = key.includes('ENCRYPTED') ? 'is encrypted' : 'is no private key';
    problems.push(`${named}. It ${what}. Allowed: PEM without a passphrase, which begins with -----BEGIN PRIVATE KEY-----.`);
    return undefined;
  }
}

/** The name that clients are to dial: the one given where the certificate is for it, else the first that the certificate has. */
export function certifiedName({ cert }: TlsFiles, host: string): string {
  const certificate = new X509Certificate(cert);
  const isFor = isIP(host) > 0 ? certificate.checkIP(host) : certificate.checkHost(host);
  if (isFor !== undefined) return host;
  return /(?:^|, )DNS:([\w-]+(?:\.[\w-]+)*)/.exec(certificate.subjectAltName ?? '')?.[1] ?? host;
}

/** When the certificate is not good any more, or where it is not good yet, in words; undefined while it is. */
export function outOfDate({ cert }: TlsFiles, now: Date): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert);
  if (now < new Date(validFrom)) return `is not good before ${validFrom}`;
  return now > new Date(validTo) ? `has expired at ${validTo}` : undefined;
}
