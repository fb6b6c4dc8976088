const HIDDEN = '[hidden]';

/** What looks like a token, wherever it stands, and also where it was cut: base64url of an object of JSON, and what follows behind points. */
const TOKEN = /eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g;
/** What is behind these words is a secret, whatever it looks like. */
const NAMED = /(\b(?:access_token|accesskey)\s*=\s*|\bbearer\s+)[^\s"'&;,\\]+/gi;

/**
 * A line without tokens and keys. No event has one as a field; this is for what is quoted in the texts of errors, which others make.
 *
 * @param secrets - texts that are taken out wherever they stand, also as they are written in addresses and in JSON
 */
export function withoutSecrets(line: string, secrets: readonly string[]): string {
  let safe = line.replaceAll(TOKEN, HIDDEN).replaceAll(NAMED, `$1${HIDDEN}`);
  for (const secret of secrets) {
    const inJson = escaped(secret);
    // What is JSON itself is escaped once more in a line of JSON.
    for (const form of [secret, encodeURIComponent(secret), inJson, escaped(inJson)]) safe = safe.replaceAll(form, HIDDEN);
  }
  return safe;
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
