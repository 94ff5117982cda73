// Which addresses a webhook may be sent to: none that leads into a private network. Pure; runs everywhere.
import { readV4, readV6 } from "../../../core/network-address.ts";
import { notificationLimits } from "../../../workflow-limits.ts";

/** An address that may be sent to, or why not. `isExempt`: its host is one the operator allows whatever it is, so names are not looked up. */
export type CheckedAddress = { url: URL; isExempt: boolean } | { fault: string };

/** IPv4 networks that are not the public internet: [network, bits of its prefix]. From the IANA special-purpose registry, and multicast. */
const privateV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
  // A public number, and yet Azure's own service inside each of its virtual machines.
  ["168.63.129.16", 32],
];

/**
 * IPv6 networks inside 2000::/3 that are not the public internet, or that carry an IPv4 address and so a way around the list above:
 * Teredo and the other protocol assignments, documentation, 6to4.
 */
const privateV6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/** Endings of names that mean something else in each network, or nothing in the public one. */
const privateEndings = [
  ...["localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan"],
  ...["home.arpa", "arpa", "test", "invalid", "onion", "alt"],
];

/**
 * Checks the text of an address as far as it can be without a look-up. `allowedHosts` are hosts as they stand in a URL, with the port where
 * it is not the scheme's own; they may be anything, also over http.
 */
export function checkAddress(text: string, allowedHosts: readonly string[]): CheckedAddress {
  if (text.length > notificationLimits.urlChars) {
    return { fault: `it is longer than ${notificationLimits.urlChars} characters (notificationLimits.urlChars)` };
  }
  if (!URL.canParse(text)) return { fault: "it is not a URL" };
  const url = new URL(text);
  url.hash = "";
  if (url.protocol !== "https:" && url.protocol !== "http:") return { fault: "it does not begin with https://" };
  if (url.username !== "" || url.password !== "") return { fault: "it holds a username or password" };
  if (allowedHosts.includes(url.host)) return { url, isExempt: true };
  if (url.protocol !== "https:") return { fault: "it does not begin with https://" };
  const port = url.port === "" ? 443 : Number(url.port);
  if (port !== 443 && port < 1024) return { fault: "its port is below 1024 and not 443" };
  const fault = hostFault(url.hostname);
  return fault === undefined ? { url, isExempt: false } : { fault };
}

function hostFault(hostname: string): string | undefined {
  if (isAddress(hostname)) {
    return isPublicAddress(hostname) ? undefined : "its host is not an address of the public internet";
  }
  const name = hostname.replace(/\.+$/, "").toLowerCase();
  if (!name.includes(".")) return "its host is a name of a private network";
  const isPrivate = privateEndings.some((ending) => name.endsWith(`.${ending}`));
  return isPrivate ? "its host is a name of a private network" : undefined;
}

/** True for the host of a URL, or an answer of a name server, that is an address and no name. URLs write IPv6 in brackets. */
export function isAddress(host: string): boolean {
  const bare = withoutBrackets(host);
  return readV4(bare) !== undefined || readV6(bare.toLowerCase()) !== undefined;
}

/** True for an address that any host on the public internet may have; false for every other, and for what is no address. */
export function isPublicAddress(text: string): boolean {
  const bare = withoutBrackets(text).toLowerCase();
  const v4 = readV4(bare);
  if (v4 !== undefined) return !privateV4.some(([network, bits]) => isWithin(v4, readV4(network) ?? [], bits, 8));
  const v6 = readV6(bare);
  // Only 2000::/3 is handed out as public. So what maps or translates IPv4 (::ffff:0:0/96, 64:ff9b::/96) is out, and every private network.
  if (v6 === undefined || ((v6[0] ?? 0) & 0xe000) !== 0x2000) return false;
  return !privateV6.some(([network, bits]) => isWithin(v6, readV6(network) ?? [], bits, 16));
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

/** Compares the first `bits` of two addresses that are given in pieces of `width` bits. */
function isWithin(address: readonly number[], network: readonly number[], bits: number, width: number): boolean {
  return address.every((piece, at) => {
    const own = Math.max(0, Math.min(width, bits - at * width));
    return (piece ^ (network[at] ?? 0)) >> (width - own) === 0;
  });
}

/** The hosts of a comma-separated list, as they stand in URLs. */
export function readHosts(list: unknown): string[] {
  if (typeof list !== "string") return [];
  return list
    .split(",")
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== "");
}
