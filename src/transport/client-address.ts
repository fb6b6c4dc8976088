import { isIPv6 } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * What an address counts as: an IPv4 address for itself, also where it is written as an IPv6 one; an IPv6 address with its /64
 * network, the least that anybody is given. Anything else counts as it is written.
 */
export function countedAddress(address: string): string {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(address) ? network(address) : address;
}

function network(address: string): string {
  const [bare = ''] = address.split('%');
  const [before = '', after] = bare.split('::');
  const groups = before === '' ? [] : before.split(':');
  if (after !== undefined) {
    // An IPv4 address at the end stands for two groups, which never belong to the network.
    const tail = after === '' ? [] : after.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':');
    while (groups.length + tail.length < GROUPS) groups.push('0');
    groups.push(...tail);
  }
  const leading = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${leading.join(':')}::/64`;
}
