import type { HubProtocol } from '../protocol/hub/hub-protocol.ts';
import type { OutboundMessage } from '../protocol/hub/shared-message.ts';

/**
 * A message in each protocol that clients of the farm may speak, by the protocol's name: whoever receives it need not know what it says.
 *
 * @throws TypeError when a value can't be represented in one of them
 */
export function formsOf(message: OutboundMessage, protocols: readonly HubProtocol[]): ReadonlyMap<string, Buffer> {
  const forms = new Map<string, Buffer>();
  for (const protocol of protocols) {
    const payload = message.payload(protocol);
    if (payload !== undefined) forms.set(protocol.name, payload.bytes);
  }
  return forms;
}
