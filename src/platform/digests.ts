// Digest fields (RFC 9530): read from a request, checked while its bytes pass, written on answers. Runs at the edge.
import { AppError } from "../core/errors.ts";

const algorithms = {
  "sha-256": { name: "SHA-256", bytes: 32 },
  "sha-512": { name: "SHA-512", bytes: 64 },
} as const;
type Algorithm = keyof typeof algorithms;

/** What the sender says the bytes' digest is, and where they said it. */
export interface ExpectedDigest {
  field: string;
  algorithm: Algorithm;
  base64: string;
}

const isKnown = (name: string): name is Algorithm => Object.hasOwn(algorithms, name);
const memberPattern = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):(?:;.*)?$/;

/**
 * The digests of a field's text, e.g. `sha-256=:…:, sha-512=:…:`; other algorithms are passed over. Throws `invalid_argument` for what is no
 * such list, and for one without an algorithm that is checked: its sender would believe that it was.
 */
export function readDigests(field: string, text: string): ExpectedDigest[] {
  const found = text.split(",").map((member) => memberPattern.exec(member.trim()));
  const digests = found.flatMap((match): ExpectedDigest[] => {
    const [, name = "", base64 = ""] = match ?? [];
    return isKnown(name) ? [{ field, algorithm: name, base64 }] : [];
  });
  const isWhole = digests.every(({ algorithm, base64 }) => lengthOf(base64) === algorithms[algorithm].bytes);
  if (digests.length > 0 && isWhole && !found.includes(null)) return digests;
  throw new AppError("invalid_argument", `${field} has no digest that can be checked.`, {
    hint: `Send ${field}: sha-256=:<base64 of the SHA-256>: (or sha-512), as RFC 9530 has it.`,
  });
}

function lengthOf(base64: string): number {
  return base64.length % 4 === 0 ? (base64.length / 4) * 3 - (/=*$/.exec(base64)?.[0].length ?? 0) : -1;
}

/** The digests that a request names of its body: of the bytes as they are sent, compressed when they are. Throws as `readDigests`. */
export function expectedDigests(headers: Headers): ExpectedDigest[] {
  return ["Content-Digest", "Repr-Digest"].flatMap((field) => {
    const text = headers.get(field);
    return text === null ? [] : readDigests(field, text);
  });
}

/** Passes bytes on. Throws `digest_mismatch` at their end when they are not those that were announced. */
export async function* checked(
  source: AsyncIterable<Uint8Array>,
  expected: readonly ExpectedDigest[],
): AsyncGenerator<Uint8Array> {
  const used = [...new Set(expected.map(({ algorithm }) => algorithm))].map((algorithm) => {
    const stream = new crypto.DigestStream(algorithms[algorithm].name);
    return { algorithm, stream, writer: stream.getWriter() };
  });
  for await (const piece of source) {
    for (const { writer } of used) await writer.write(piece);
    yield piece;
  }
  const found = new Map<Algorithm, string>();
  for (const { algorithm, stream, writer } of used) {
    await writer.close();
    found.set(algorithm, base64Of(new Uint8Array(await stream.digest)));
  }
  for (const digest of expected) {
    const arrived = found.get(digest.algorithm) ?? "";
    if (arrived !== digest.base64) throw mismatch(digest, arrived);
  }
}

function mismatch({ field, algorithm, base64 }: ExpectedDigest, arrived: string): AppError {
  const [announced, found] = [base64, arrived].map((digest) => `${algorithm}=:${digest}:`);
  return new AppError(
    "digest_mismatch",
    `What arrived is not what ${field} announces: announced ${announced}, arrived ${found}. Nothing of it was kept.`,
    {
      hint: "Send it again. When it stays so, the file was changed after its digest was taken, or something on the way changes it.",
      details: { field, announced, arrived: found },
    },
  );
}

/** A digest field's text of a SHA-256 in hex. */
export function sha256Field(hex: string): string {
  return `sha-256=:${base64Of(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)))}:`;
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
