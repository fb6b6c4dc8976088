import { HubConnectionBuilder, JsonHubProtocol, LogLevel, type HubConnection } from '@microsoft/signalr';
import { MessagePackHubProtocol } from '@microsoft/signalr-protocol-msgpack';

export type ProtocolName = 'json' | 'messagepack';

/** An official client of one server of the farm. */
export class FarmClient {
  readonly name: string;
  readonly connection: HubConnection;
  readonly heard: string[] = [];
  #arrived: () => void = () => undefined;

  constructor(name: string, origin: string, user: string, protocol: ProtocolName) {
    this.name = name;
    this.connection = new HubConnectionBuilder()
      .withUrl(`${origin}/farm?user=${user}`)
      .withHubProtocol(protocol === 'json' ? new JsonHubProtocol() : new MessagePackHubProtocol())
      .configureLogging(LogLevel.None)
      .build();
    this.connection.on('message', (text: string) => {
      this.heard.push(text);
      this.#arrived();
    });
  }

  get id(): string {
    return this.connection.connectionId ?? '';
  }

  async waitFor(text: string): Promise<void> {
    while (!this.heard.includes(text)) await new Promise<void>((resolve) => (this.#arrived = resolve));
  }
}
