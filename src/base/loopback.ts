import { isIPv4, isIPv6 } from 'node:net';

const MAPPED = /^::ffff:(?=\d+\.)/i;
const IPV6_LOOPBACK = /^(?:0{0,4}:){2,7}0{0,3}1$/;

/** Whether an address, as a socket has it, is one that only this machine reaches: 127.0.0.0/8, ::1, and the former written as IPv6. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.replace(MAPPED, '');
  return isIPv4(plain) ? plain.startsWith('127.') : isIPv6(plain) && IPV6_LOOPBACK.test(plain);
}

/** The same for what a program is told to listen on, or a URL names: `localhost` counts, and IPv6 may stand in brackets. */
export function isLoopbackHost(host: string): boolean {
  const bare = /^\[(.+)\]$/.exec(host)?.[1] ?? host;
  return bare.toLowerCase() === 'localhost' || isLoopbackAddress(bare);
}
