// Errors as MCP says them, and what they hide. Runs in workerd.
import { ProtocolError } from "@modelcontextprotocol/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../core/errors.ts";
import { asProtocol, errorResult } from "./errors.ts";

const place = { team: "test", requestId: "request-1", what: "resources/list" };

afterEach(() => vi.restoreAllMocks());

describe("asProtocol", () => {
  it("passes a result and a protocol error on", async () => {
    expect(await asProtocol(place, () => 1)).toBe(1);
    const known = new ProtocolError(-32002, "Known");
    await expect(
      asProtocol(place, () => {
        throw known;
      }),
    ).rejects.toBe(known);
  });

  it("turns our error into invalid params with its code and hint", async () => {
    await expect(
      asProtocol(place, () => {
        throw new AppError("cursor_invalid", "No cursor.", { hint: "Start again.", details: { at: 1 } });
      }),
    ).rejects.toMatchObject({
      code: -32602,
      message: "No cursor. Start again.",
      data: { code: "cursor_invalid", at: 1 },
    });
  });

  it("hides an unexpected error and logs it", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const failed = asProtocol(place, async () => {
      throw new Error("secret");
    });
    await expect(failed).rejects.toMatchObject({
      code: -32603,
      message: expect.not.stringContaining("secret"),
      data: { code: "internal", request_id: "request-1" },
    });
    expect(JSON.parse(String(log.mock.calls[0]?.[0]))).toMatchObject({
      event: "unexpected_error",
      request_id: "request-1",
      what: "resources/list",
      error: expect.stringContaining("Error: secret"),
    });
  });
});

describe("errorResult", () => {
  it("needs no hint", () => {
    expect(errorResult(new AppError("busy", "Too busy."), place)).toEqual({
      isError: true,
      content: [{ type: "text", text: "busy: Too busy." }],
      structuredContent: { error: { code: "busy", message: "Too busy." } },
    });
  });

  it("knows an error whose class was lost on its way out of an object", () => {
    const lost = Object.assign(new Error("Gone."), { code: "not_found", hint: "Look elsewhere." });
    expect(errorResult(lost, place).content).toEqual([{ type: "text", text: "not_found: Gone.\nLook elsewhere." }]);
  });
});
