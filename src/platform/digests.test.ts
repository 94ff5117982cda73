// Digest fields: what is read, what is refused, and what bytes that are not those end in. Runs in workerd.
import { describe, expect, it } from "vitest";
import { rejection } from "../../test/helpers/team.ts";
import { checked, expectedDigests, readDigests, sha256Field } from "./digests.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
/** Of "hello". */
const sha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
const sha512 = "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==";

async function pass(pieces: string[], field: string): Promise<string> {
  async function* source() {
    for (const piece of pieces) yield bytes(piece);
  }
  let text = "";
  for await (const piece of checked(source(), readDigests("Content-Digest", field))) {
    text += new TextDecoder().decode(piece);
  }
  return text;
}

describe("reading", () => {
  it("takes the digests it knows, in any number, and passes others over", () => {
    const field = `md5=:XUFAKrxLKna5cZ2REBfFkg==:, sha-256=:${sha256}:, sha-512=:${sha512}:;p=1`;
    expect(readDigests("Repr-Digest", field)).toEqual([
      { field: "Repr-Digest", algorithm: "sha-256", base64: sha256 },
      { field: "Repr-Digest", algorithm: "sha-512", base64: sha512 },
    ]);
    const headers = new Headers({ "content-digest": `sha-256=:${sha256}:`, "repr-digest": `sha-512=:${sha512}:` });
    expect(expectedDigests(headers).map(({ field, algorithm }) => [field, algorithm])).toEqual([
      ["Content-Digest", "sha-256"],
      ["Repr-Digest", "sha-512"],
    ]);
    expect(expectedDigests(new Headers())).toEqual([]);
  });

  it.each([
    ["nothing", ""],
    ["an algorithm that is not checked", "md5=:XUFAKrxLKna5cZ2REBfFkg==:"],
    ["no byte sequence", `sha-256=${sha256}`],
    ["a digest of another length", "sha-256=:aGVsbG8=:"],
    ["half of a digest", `sha-256=:${sha256.slice(0, -2)}:`],
    ["hex", "sha-256=:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824:"],
    ["one of two that is none", `sha-256=:${sha256}:, what`],
  ])("refuses %s", (_name, field) => {
    expect(() => readDigests("Content-Digest", field)).toThrow("Content-Digest has no digest that can be checked.");
  });
});

describe("checking", () => {
  it("passes on what is right", async () => {
    expect(await pass(["hel", "", "lo"], `sha-256=:${sha256}:, sha-512=:${sha512}:`)).toBe("hello");
  });

  it("ends what is not with both digests", async () => {
    const { code, message } = await rejection(pass(["hello", "!"], `sha-256=:${sha256}:`));
    expect(code).toBe("digest_mismatch");
    const digest = await crypto.subtle.digest("SHA-256", bytes("hello!"));
    const arrived = btoa(String.fromCharCode(...new Uint8Array(digest)));
    expect(message).toBe(
      `What arrived is not what Content-Digest announces: announced sha-256=:${sha256}:, arrived sha-256=:${arrived}:. Nothing of it was kept.`,
    );
    const second = await rejection(pass(["hello"], `sha-256=:${sha256}:, sha-512=:${"A".repeat(86)}==:`));
    expect(second.code).toBe("digest_mismatch");
  });
});

it("writes a SHA-256 in hex as a field", () => {
  expect(sha256Field("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")).toBe(`sha-256=:${sha256}:`);
});
