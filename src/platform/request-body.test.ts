// Request bodies: counted, decoded strictly, refused in our own words. Runs in workerd.
import { describe, expect, it } from "vitest";
import { AppError, describeError } from "../core/errors.ts";
import { httpLimits } from "../limits.ts";
import { bodyBytes, bodyText, jsonBody } from "./request-body.ts";

function request(body: BodyInit): Request {
  return new Request("https://data.test/", { method: "POST", body });
}

async function failure(work: Promise<unknown>) {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => describeError(error),
  );
}

const tooLarge = () => new AppError("too_large", "Too large.");

describe("bodyText", () => {
  it("takes as many bytes as the limit and no more", async () => {
    expect(await bodyText(request("é1"), 3, tooLarge)).toBe("é1");
    expect(await failure(bodyText(request("é12"), 3, tooLarge))).toEqual({ code: "too_large", message: "Too large." });
  });

  it("refuses bytes that are no text and bodies that break off", async () => {
    expect(await failure(bodyText(request(new Uint8Array([0xff])), 9, tooLarge))).toEqual({
      code: "invalid_argument",
      message: "The body is not UTF-8 text.",
      hint: "Send it encoded as UTF-8.",
    });
    let sent = false;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new Error("connection reset"));
        else controller.enqueue(new TextEncoder().encode("ab"));
        sent = true;
      },
    });
    expect(await failure(bodyText(request(broken), 9, tooLarge))).toEqual({
      code: "upload_aborted",
      message: "The request broke off after 2 bytes; nothing was changed.",
      hint: "Send it again.",
    });
  });
});

describe("a refused body's rest", () => {
  const chunk = new Uint8Array(64 * 1024);

  async function refused(chunks: number): Promise<{ sent: number; cancelled: boolean }> {
    const seen = { sent: 0, cancelled: false };
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (seen.sent === chunks) controller.close();
        else controller.enqueue(chunk);
        seen.sent = Math.min(chunks, seen.sent + 1);
      },
      cancel() {
        seen.cancelled = true;
      },
    });
    const bytes = bodyBytes(body, 1, { tooLarge, brokenOff: tooLarge });
    const readAll = async (): Promise<void> => {
      for await (const _ of bytes);
    };
    expect(await failure(readAll())).toEqual({ code: "too_large", message: "Too large." });
    return seen;
  }

  it("is read when it is short, so that its sender gets the answer", async () => {
    expect(await refused(10)).toEqual({ sent: 10, cancelled: false });
  });

  it("is let go of when it is long", async () => {
    const { sent, cancelled } = await refused(1_000);
    expect(cancelled).toBe(true);
    expect(sent).toBeLessThanOrEqual(httpLimits.restBytes / chunk.length + 3);
  });
});

describe("jsonBody", () => {
  it("reads JSON, and nothing as an empty object", async () => {
    expect(await jsonBody(request('{"a":[1]}'))).toEqual({ a: [1] });
    expect(await jsonBody(request(" \n"))).toEqual({});
  });

  it("says of a compressed body that it is not taken so, and takes one that says it is none", async () => {
    const sent = (encoding: string) =>
      new Request("https://data.test/", { method: "POST", body: "{}", headers: { "content-encoding": encoding } });
    expect(await failure(jsonBody(sent("gzip")))).toEqual({
      code: "unsupported",
      message: "Content-Encoding is taken where files are uploaded, not here.",
      hint: "Send this body uncompressed, without Content-Encoding.",
    });
    expect(await jsonBody(sent("Identity"))).toEqual({});
  });

  it("refuses what is not JSON and what is too large", async () => {
    expect(await failure(jsonBody(request("{")))).toEqual({
      code: "invalid_argument",
      message: "The request body is not JSON.",
      hint: "Send a JSON object.",
    });
    expect(await failure(jsonBody(request(`"${"x".repeat(65_535)}"`)))).toEqual({
      code: "too_large",
      message: "A JSON body may have 65536 bytes (limit jsonBytes); this one has more.",
      hint: "Send only what the request takes; content of datasets goes to its own address.",
      details: { limit: "jsonBytes", value: 65_536 },
    });
  });
});
