import { HubConnectionBuilder, JsonHubProtocol, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';

export type ProtocolName = 'json' | 'messagepack';

/** An event that a client was sent: its name and arguments. */
export type Heard = readonly [name: string, ...args: readonly unknown[]];

/** The official client, which answers what it is asked as the question says. */
export class MixedClient {
  readonly connection: HubConnection;
  readonly heard: Heard[] = [];
  #release: (answer: string) => void = () => undefined;

  constructor(url: string, user: string, protocol: ProtocolName) {
    this.connection = new HubConnectionBuilder()
      .withUrl(`${url}?user=${user}`)
      .withHubProtocol(protocol === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol())
      .configureLogging(LogLevel.None)
      .build();
    this.connection.on('message', (text: string) => void this.heard.push(['message', text]));
    this.connection.on('ask', (question: string) => {
      this.heard.push(['ask', question]);
      return this.#answer(question);
    });
  }

  get id(): string {
    return this.connection.connectionId ?? '';
  }

  /** Answers the question `hold`. */
  release(answer: string): void {
    this.#release(answer);
  }

  #answer(question: string): unknown {
    switch (question) {
      case 'text':
        return 'an answer, "quoted", \u001e, é, 🚂';
      case 'number':
        return -1.5;
      case 'values':
        return { list: [1, null, true, 'x'], nested: { empty: {} } };
      case 'null':
        return null;
      case 'throw':
        throw new Error('not today');
      case 'hold':
        return new Promise((resolve) => (this.#release = resolve));
      case 'leave':
        void this.connection.stop();
        return new Promise(() => undefined);
    }
    return undefined;
  }
}
