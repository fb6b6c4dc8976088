import { readFileSync } from 'node:fs';

interface Fields {
  readonly excludedConnectionIds?: readonly string[];
  readonly hubMessagesBase64?: Readonly<Record<string, string>>;
  readonly invocationId?: string;
  readonly returnChannel?: string;
  readonly id?: number;
  readonly serverName?: string;
  readonly action?: number;
  readonly groupName?: string;
  readonly connectionId?: string;
  readonly protocolName?: string;
  readonly completionBase64?: string;
}

/** What was published by an ASP.NET Core server, as it was recorded. */
export interface RedisVector {
  readonly name: string;
  readonly kind: 'invocation' | 'groupCommand' | 'ack' | 'completion';
  readonly config: string;
  readonly channel: string;
  readonly payload: Buffer;
  readonly fields: Fields;
}

interface Recorded extends Omit<RedisVector, 'payload'> {
  readonly payloadBase64: string;
}

export function redisVectors(): readonly RedisVector[] {
  const text = readFileSync(new URL('../vectors/redis-backplane.json', import.meta.url), 'utf8');
  const { vectors } = JSON.parse(text) as { readonly vectors: readonly Recorded[] };
  return vectors.map(({ name, kind, config, channel, fields, payloadBase64 }) => {
    const payload = Buffer.from(payloadBase64, 'base64');
    return { name, kind, config, channel, fields, payload };
  });
}

/** The prefix that the recording server was configured with. */
export function prefixOf({ config }: RedisVector): string {
  return /ChannelPrefix=(.*)$/.exec(config)?.[1] ?? '';
}
