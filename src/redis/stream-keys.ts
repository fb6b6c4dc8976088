const SLOTS = 16_384;
const CRC_16_XMODEM = 0x1021;

/** The keys of a stream: its messages, and what is known of it. They are in the slot of a Redis Cluster that the stream's name has as a channel. */
export function streamKeys(name: string): readonly [messages: string, state: string] {
  const tagged = inSlotOf(name);
  return [`${tagged}:messages`, `${tagged}:state`];
}

/** A key that begins, or ends, with the name. What a key is placed by is the text within its first braces, or all of it. */
function inSlotOf(name: string): string {
  const open = name.indexOf('{');
  const close = open < 0 ? -1 : name.indexOf('}', open);
  if (close > open + 1) return name;
  if (!name.includes('}')) return `{${name}}`;
  // It can't stand within braces: a number that has the same slot does.
  const slot = slotOf(name);
  let tag = 0;
  while (slotOf(`${tag}`) !== slot) tag++;
  return `{${tag}}${name}`;
}

function slotOf(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ CRC_16_XMODEM : crc << 1;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}
