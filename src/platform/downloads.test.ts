// Downloads: parts, conditions, and what HEAD says. Runs in workerd.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { rejection } from "../../test/helpers/team.ts";
import { AppError } from "../core/errors.ts";
import { type Download, serveDownload } from "./downloads.ts";

const content = "0123456789";
const key = "download-test/digits";
const etag = '"84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"';
const digest = "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:";

async function ask(headers: Record<string, string> = {}, method = "GET", change: Partial<Download> = {}) {
  await env.FILES.put(key, content);
  let opened = 0;
  const download: Download = {
    bytes: content.length,
    etag,
    contentType: "application/x-ndjson",
    filename: "digits.ndjson",
    sha256: etag.slice(1, -1),
    open: async (range) => {
      const object = await env.FILES.get(key, range === undefined ? {} : { range });
      if (object === null) throw new AppError("conflict", "gone");
      return object.body;
    },
    ...change,
  };
  const answer = await serveDownload(new Request("http://localhost/", { method, headers }), download, async () => {
    opened++;
  });
  const text = new TextDecoder().decode(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text, opened };
}

const whole = {
  "accept-ranges": "bytes",
  "cache-control": "private, no-cache",
  "content-disposition": 'attachment; filename="digits.ndjson"',
  "content-length": "10",
  "content-type": "application/x-ndjson",
  etag,
  "repr-digest": digest,
};

describe("a download", () => {
  it("is all of it, with what there is to know", async () => {
    expect(await ask()).toEqual({ status: 200, headers: whole, text: content, opened: 1 });
    expect((await ask({}, "GET", { sha256: undefined })).headers["repr-digest"]).toBeUndefined();
  });

  it("is told to HEAD and not opened, whatever part is asked for", async () => {
    expect(await ask({ range: "bytes=2-3" }, "HEAD")).toEqual({ status: 200, headers: whole, text: "", opened: 0 });
  });

  it.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=0-100", content, "bytes 0-9/10"],
  ])("is the part that %s asks for", async (range, text, contentRange) => {
    const headers = { ...whole, "content-length": String(text.length), "content-range": contentRange };
    expect(await ask({ range })).toEqual({ status: 206, headers, text, opened: 1 });
  });

  it.each(["bytes=0-1,3-4", "bytes=4-2", "lines=1-2"])("is all of it for %s", async (range) => {
    expect(await ask({ range })).toMatchObject({ status: 200, text: content });
  });

  it("has no part past its end", async () => {
    expect(await rejection(ask({ range: "bytes=10-" }))).toEqual({
      code: "range_not_satisfiable",
      message: "Range begins past the end: the content has 10 bytes.",
    });
    expect((await rejection(ask({ range: "bytes=0-" }, "GET", { bytes: 0 }))).code).toBe("range_not_satisfiable");
  });

  it("says when its object is gone", async () => {
    const open = () => Promise.reject(new AppError("conflict", "gone"));
    expect(await rejection(ask({}, "GET", { open }))).toEqual({ code: "conflict", message: "gone" });
  });
});

describe("a condition", () => {
  it("If-Range gives the part of the same content, else all of the new", async () => {
    const range = "bytes=5-";
    const statuses = await Promise.all(
      [etag, `W/${etag}`, '"other"', "Sat, 21 Nov 2026 00:00:00 GMT"].map(async (ifRange) => {
        const { status, text } = await ask({ range, "if-range": ifRange });
        return [status, text];
      }),
    );
    expect(statuses).toEqual([
      [206, "56789"],
      [200, content],
      [200, content],
      [200, content],
    ]);
  });

  it.each([etag, `W/${etag}`, `"x", ${etag}`, "*"])("If-None-Match %s finds nothing new", async (noneMatch) => {
    const { "accept-ranges": acceptRanges, "cache-control": cacheControl } = whole;
    expect(await ask({ "if-none-match": noneMatch, range: "bytes=2-" })).toEqual({
      status: 304,
      headers: { etag, "accept-ranges": acceptRanges, "cache-control": cacheControl },
      text: "",
      opened: 0,
    });
  });

  it("If-Match holds or ends it", async () => {
    expect((await ask({ "if-match": etag, range: "bytes=9-" })).text).toBe("9");
    expect((await ask({ "if-none-match": '"x"' })).status).toBe(200);
    expect(await rejection(ask({ "if-match": '"x"' }))).toEqual({
      code: "precondition_failed",
      message: `The content is not what If-Match asks for: its etag is ${etag}.`,
    });
  });
});
