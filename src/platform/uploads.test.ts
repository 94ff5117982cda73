// Bodies of uploads: packed and not, counted, checked, cut. Runs in workerd.
import { describe, expect, it } from "vitest";
import { brokenBody } from "../../test/helpers/datasets.ts";
import { rejection } from "../../test/helpers/team.ts";
import { AppError } from "../core/errors.ts";
import { uploadBody } from "./uploads.ts";

const rules = {
  sentBytes: 1_000,
  unpackedBytes: 5_000,
  tooLarge: () => new AppError("too_large", "sent"),
  unpackedTooLarge: () => new AppError("too_large", "unpacked"),
  brokenOff: (bytes: number, cause: unknown) => new AppError("upload_aborted", `after ${bytes}`, { cause }),
};
const gzipped = { "content-encoding": "gzip" };

async function gzip(content: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

async function read(body: BodyInit | null, headers: Record<string, string> = {}): Promise<string> {
  const request = new Request("http://localhost/", { method: "PUT", body, headers });
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of uploadBody(request, rules)) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(digest)))}:`;
}

const joined = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(parts.flatMap((part) => [...part]));

describe("a packed body", () => {
  it.each(["gzip", "GZIP", "x-gzip"])("is unpacked when it is %s", async (encoding) => {
    expect(await read(await gzip("a".repeat(4_000)), { "content-encoding": encoding })).toBe("a".repeat(4_000));
  });

  it("is checked as it is sent", async () => {
    const packed = await gzip("hello");
    expect(await read(packed, { ...gzipped, "content-digest": await digestOf(packed) })).toBe("hello");
    const plain = await digestOf(new TextEncoder().encode("hello"));
    const { code } = await rejection(read(packed, { ...gzipped, "repr-digest": plain }));
    expect(code).toBe("digest_mismatch");
  });

  it("is counted unpacked: a small one that grows without end is stopped on its way", async () => {
    const bomb = await gzip(new Uint8Array(400_000));
    expect(bomb.length).toBeLessThan(rules.sentBytes);
    expect(await rejection(read(bomb, gzipped))).toEqual({ code: "too_large", message: "unpacked" });
  });

  it("is counted packed, too", async () => {
    const noise = crypto.getRandomValues(new Uint8Array(2_000));
    expect(await rejection(read(await gzip(noise), gzipped))).toEqual({ code: "too_large", message: "sent" });
  });

  it.each([
    ["cut", async () => (await gzip("a".repeat(4_000))).slice(0, -6)],
    ["empty", async () => new Uint8Array()],
    ["no gzip", async () => new TextEncoder().encode("hello")],
    ["damaged", async () => (await gzip("hello")).map((byte, at) => (at === 12 ? byte ^ 0xff : byte))],
    ["followed by something", async () => joined(await gzip("hello"), new TextEncoder().encode("rest"))],
    ["two, one after the other", async () => joined(await gzip("hello"), await gzip("again"))],
  ])("that is %s is refused", async (_name, body) => {
    expect(await rejection(read(await body(), gzipped))).toEqual({
      code: "invalid_argument",
      message: "The body is not the gzip that Content-Encoding says: it is cut, or none.",
    });
  });

  it("that breaks off says so", async () => {
    expect(await rejection(read(brokenBody("\u001f"), gzipped))).toEqual({
      code: "upload_aborted",
      message: "after 1",
    });
  });
});

describe("a plain body", () => {
  it("is passed on, and checked when it has a digest", async () => {
    expect([await read("hello"), await read("hello", { "content-encoding": "identity" }), await read(null)]).toEqual([
      "hello",
      "hello",
      "",
    ]);
    const right = await digestOf(new TextEncoder().encode("hello"));
    expect(await read("hello", { "repr-digest": right })).toBe("hello");
    expect((await rejection(read("hello!", { "content-digest": right }))).code).toBe("digest_mismatch");
  });

  it("is refused before it is read for an encoding or a digest that is not known", async () => {
    const unread = () => brokenBody();
    expect(await rejection(read(unread(), { "content-encoding": "br" }))).toEqual({
      code: "unsupported",
      message: "Of compressed content only gzip is taken (Content-Encoding: gzip).",
    });
    expect(await rejection(read(unread(), { "content-digest": "md5=:XUFAKrxLKna5cZ2REBfFkg==:" }))).toEqual({
      code: "invalid_argument",
      message: "Content-Digest has no digest that can be checked.",
    });
  });

  it("has a limit, announced or not", async () => {
    const announced = read("a".repeat(1_001), { "content-length": "1001" });
    expect(await rejection(announced)).toEqual({ code: "too_large", message: "sent" });
    expect(await rejection(read(brokenBody("a".repeat(600), "a".repeat(600))))).toEqual({
      code: "too_large",
      message: "sent",
    });
  });
});
