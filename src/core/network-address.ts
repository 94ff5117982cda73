// Network addresses as limits count them. Pure. Runs everywhere.

/**
 * What one network counts as: an IPv4 address whole, an IPv6 address by its /64, since every host owns at least that much. An IPv4 address
 * written as IPv6 is the IPv4 address. Undefined for a loopback address and for what is no address.
 */
export function addressKey(text: string): string | undefined {
  const v4 = readV4(text);
  if (v4 !== undefined) return v4[0] === 127 ? undefined : v4.join(".");
  const groups = readV6(text.toLowerCase());
  if (groups === undefined) return undefined;
  const [high, low] = [groups[6] ?? 0, groups[7] ?? 0];
  if (groups.slice(0, 5).every((group) => group === 0)) {
    if (groups[5] === 0xffff) return addressKey([high >> 8, high & 255, low >> 8, low & 255].join("."));
    if (groups[5] === 0 && high === 0 && low === 1) return undefined;
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** The four bytes of an IPv4 address in its usual form; undefined for any other text. */
export function readV4(text: string): number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) ? parts : undefined;
}

/** The eight groups of an IPv6 address; `::` stands once for as many zeros as are missing, and the last two may be written as IPv4. */
export function readV6(text: string): number[] | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const [left, right] = [readGroups(head), readGroups(tail ?? "")];
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...Array.from({ length: missing }, () => 0), ...right];
}

function readGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? readV4(part) : undefined;
    if (v4 !== undefined) groups.push((v4[0] ?? 0) * 256 + (v4[1] ?? 0), (v4[2] ?? 0) * 256 + (v4[3] ?? 0));
    else if (/^[0-9a-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
