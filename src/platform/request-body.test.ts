// Request bodies: counted, decoded strictly, refused in our own words. Runs in workerd.
import { describe, expect, it } from "vitest";
import { AppError, describeError } from "../core/errors.ts";
import { bodyText, jsonBody } from "./request-body.ts";

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

describe("jsonBody", () => {
  it("reads JSON, and nothing as an empty object", async () => {
    expect(await jsonBody(request('{"a":[1]}'))).toEqual({ a: [1] });
    expect(await jsonBody(request(" \n"))).toEqual({});
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
