/** What a channel is for, and whom it names: a connection, a user, a group, or a server. */
export interface ChannelMeaning {
  readonly kind: 'all' | 'connection' | 'user' | 'group' | 'groups' | 'catch-up' | 'ack' | 'return';
  readonly name: string;
}

const GROUP_COMMANDS = 'internal:groups';
const ACK = 'internal:ack:';
const RETURN = 'internal:return:';
const named = [
  { kind: 'group', start: 'group:' },
  { kind: 'connection', start: 'connection:' },
  { kind: 'user', start: 'user:' },
  { kind: 'return', start: RETURN },
  { kind: 'ack', start: ACK },
] as const;

/**
 * The names of one hub's channels, as ASP.NET Core 10.0.12 makes them. Ids, users and groups are put in as they are: a channel is a literal
 * name, so `*` in one means nothing. The prefix is part of what Redis is told, and of nothing that is written into a message.
 */
export class HubChannels {
  readonly all: string;
  /** Where servers ask each other to change groups. */
  readonly groupCommands: string;
  /** Where this server hears that a change was made. */
  readonly ack: string;
  /** Where this server hears the answers of other servers' clients. */
  readonly return: string;
  /** The same without prefix, as other servers are told. */
  readonly returnAddress: string;
  /** Where servers with catch-up listen, so that those without can be told from them, and say that they are there. */
  readonly catchUp: string;
  readonly #connections: string;
  readonly #prefix: string;
  readonly #root: string;

  /**
   * @param hub - the hub's name; in a farm with .NET servers the full name of its type
   * @param server - this server's name, one of its own in the farm
   */
  constructor(hub: string, server: string, prefix: string) {
    this.#prefix = prefix;
    this.#root = `${prefix}${hub}:`;
    this.all = `${this.#root}all`;
    this.groupCommands = this.#root + GROUP_COMMANDS;
    this.catchUp = `${this.#root}internal:catch-up`;
    this.#connections = `${this.#root}connection:`;
    this.ack = this.ackOf(server);
    this.returnAddress = `${hub}:${RETURN}${server}`;
    this.return = this.answersTo(this.returnAddress);
  }

  connection(id: string): string {
    return this.#connections + id;
  }

  /** Whether it is the channel of a connection, or the stream of all of them. */
  isConnection(channel: string): boolean {
    return channel.startsWith(this.#connections);
  }

  /**
   * The stream that keeps what is sent to a channel: one of its own, but for connections, of which there are many and each is sent little; undefined for
   * one that none keeps.
   */
  streamOf(channel: string): string | undefined {
    if (this.isConnection(channel)) return this.#connections;
    const { length } = this.#root;
    const kept =
      channel === this.all || channel === this.groupCommands || channel.startsWith('group:', length) || channel.startsWith('user:', length);
    return kept && channel.startsWith(this.#root) ? channel : undefined;
  }

  user(id: string): string {
    return `${this.#root}user:${id}`;
  }

  group(name: string): string {
    return `${this.#root}group:${name}`;
  }

  /** Where `server` hears that a change was made. */
  ackOf(server: string): string {
    return `${this.#root}${ACK}${server}`;
  }

  /** The channel of a return address that another server gave. */
  answersTo(returnAddress: string): string {
    return this.#prefix + returnAddress;
  }

  /** What a channel of this hub is for; undefined for any other. */
  meaning(channel: string): ChannelMeaning | undefined {
    if (!channel.startsWith(this.#root)) return undefined;
    const { length } = this.#root;
    for (const { kind, start } of named) if (channel.startsWith(start, length)) return { kind, name: channel.slice(length + start.length) };
    if (channel === this.all) return { kind: 'all', name: '' };
    if (channel === this.groupCommands) return { kind: 'groups', name: '' };
    return channel === this.catchUp ? { kind: 'catch-up', name: '' } : undefined;
  }
}
