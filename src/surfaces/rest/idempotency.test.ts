// Idempotency-Key over REST: answers given again, refusals, bodies short and streamed. Runs in workerd.
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { freshTeam } from "../../../test/helpers/team.ts";
import type { TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { datasetLimits, idempotencyLimits } from "../../limits.ts";
import { bodyBytes, jsonBody } from "../../platform/request-body.ts";
import { guardWrites } from "./idempotency.ts";
import { problemResponse } from "./problem.ts";

const faults = {
  tooLarge: () => new AppError("too_large", "Too much."),
  brokenOff: () => new AppError("upload_aborted", "It broke off."),
};

/** Routes that count their runs, behind the middleware. */
async function countingApi() {
  const team = await freshTeam();
  const context = await team.call("member");
  let runs = 0;
  const app = new Hono<TeamRoutes>()
    .use(async (c, next) => {
      c.set("call", context);
      await next();
    })
    .use("/api/v1/*", guardWrites)
    .get("/api/v1/thing", (c) => c.json({ run: ++runs }))
    .post("/api/v1/thing", async (c) => c.json({ run: ++runs, body: await jsonBody(c.req.raw) }, 201, { etag: "e" }))
    .delete("/api/v1/thing", (c) => {
      runs++;
      return c.body(null, 204);
    })
    .patch("/api/v1/thing", () => {
      runs++;
      throw new AppError("conflict", `Run ${runs}.`);
    })
    .post("/api/v1/busy", () => {
      runs++;
      throw new AppError("busy", `Run ${runs}.`);
    })
    .put("/api/v1/stream", async (c) => {
      runs++;
      let bytes = 0;
      for await (const chunk of bodyBytes(c.req.raw.body, datasetLimits.requestBytes, faults)) bytes += chunk.length;
      return c.json({ run: runs, bytes });
    })
    .put("/api/v1/early", () => {
      runs++;
      throw new AppError("conflict", `Run ${runs}.`);
    })
    .onError((error) => problemResponse(error, "r1"));
  const send = async (method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}) => {
    const init = { method, body: body ?? null, headers: { "idempotency-key": "k", ...headers } };
    const response = await app.request(`/api/v1${path}`, init, env);
    const text = new TextDecoder().decode(await response.arrayBuffer());
    const { code, detail, ...json } = text === "" ? {} : JSON.parse(text);
    const shown = code === undefined ? json : `${code}: ${detail}`;
    return [response.status, shown, response.headers.get("idempotency-replayed"), response.headers.get("etag")];
  };
  return { send };
}

/** A body of pieces of 64 KiB, each filled with one letter, that the request cannot know the length of. */
function pieces(letters: string): ReadableStream<Uint8Array> {
  const rest = [...letters];
  return new ReadableStream({
    pull(controller) {
      const letter = rest.shift();
      if (letter === undefined) controller.close();
      else if (letter === "!") controller.error(new Error("connection reset"));
      else controller.enqueue(new TextEncoder().encode(letter.repeat(64 * 1024)));
    },
  });
}

const mismatch = "idempotency_mismatch: This idempotency key was used for another request within 24 hours.";
const long = "abcdefghijklmnopqrst";

describe("a write with a key", () => {
  it("answers a retry as before: status, body, etag, and says so", async () => {
    const { send } = await countingApi();
    const body = '{"a":1}';
    expect(await send("POST", "/thing", body)).toEqual([201, { run: 1, body: { a: 1 } }, null, "e"]);
    expect(await send("POST", "/thing", body)).toEqual([201, { run: 1, body: { a: 1 } }, "true", "e"]);
    expect(await send("POST", "/thing", body, { "idempotency-key": "other" })).toEqual([
      201,
      { run: 2, body: { a: 1 } },
      null,
      "e",
    ]);
    const empty = { "idempotency-key": "empty" };
    expect(await send("DELETE", "/thing", undefined, empty)).toEqual([204, {}, null, null]);
    expect(await send("DELETE", "/thing", undefined, empty)).toEqual([204, {}, "true", null]);
  });

  it("refuses the key for another body, query, method, path or precondition", async () => {
    const { send } = await countingApi();
    await send("POST", "/thing", "{}");
    const refused = [422, mismatch, null, null];
    expect(await send("POST", "/thing", '{"a":2}')).toEqual(refused);
    expect(await send("POST", "/thing?x=1", "{}")).toEqual(refused);
    expect(await send("DELETE", "/thing", "{}")).toEqual(refused);
    expect(await send("POST", "/busy", "{}")).toEqual(refused);
    expect(await send("POST", "/thing", "{}", { "if-match": "x" })).toEqual(refused);
  });

  it("remembers a refusal that is final, and runs again after one that passes", async () => {
    const { send } = await countingApi();
    expect(await send("PATCH", "/thing")).toEqual([409, "conflict: Run 1.", null, null]);
    expect(await send("PATCH", "/thing")).toEqual([409, "conflict: Run 1.", "true", null]);
    const other = { "idempotency-key": "other" };
    expect(await send("POST", "/busy", "", other)).toEqual([503, "busy: Run 2.", null, null]);
    expect(await send("POST", "/busy", "", other)).toEqual([503, "busy: Run 3.", null, null]);
  });

  it("leaves reads alone, and refuses what is no key", async () => {
    const { send } = await countingApi();
    expect((await send("GET", "/thing"))[1]).toEqual({ run: 1 });
    expect((await send("GET", "/thing"))[1]).toEqual({ run: 2 });
    expect(await send("POST", "/thing", "{}", { "idempotency-key": "k".repeat(201) })).toEqual([
      400,
      "invalid_argument: Idempotency-Key: Too big: expected string to have <=200 characters",
      null,
      null,
    ]);
  });

  it("hashes a long body while it streams, and a retry's before it answers", async () => {
    const { send } = await countingApi();
    expect(64 * 1024 * long.length).toBeGreaterThan(idempotencyLimits.bufferedBytes);
    const bytes = 64 * 1024 * long.length;
    expect(await send("PUT", "/stream", pieces(long))).toEqual([200, { run: 1, bytes }, null, null]);
    expect(await send("PUT", "/stream", pieces(long))).toEqual([200, { run: 1, bytes }, "true", null]);
    expect(await send("PUT", "/stream", pieces(`${long.slice(0, -1)}z`))).toEqual([422, mismatch, null, null]);
    expect(await send("PUT", "/stream", pieces("a"))).toEqual([422, mismatch, null, null]);
    expect(await send("PUT", "/stream", pieces(`${long}!`))).toEqual([
      400,
      "upload_aborted: The request broke off after 1310720 bytes.",
      null,
      null,
    ]);
  });

  it("keeps the key free after a body that broke off, short or long, or was refused unread", async () => {
    const { send } = await countingApi();
    const aborted = [400, "upload_aborted: It broke off.", null, null];
    expect(await send("PUT", "/stream", pieces("a!"))).toEqual(aborted);
    expect(await send("PUT", "/stream", pieces(`${long}!`))).toEqual(aborted);
    expect((await send("PUT", "/stream", pieces("ab")))[1]).toEqual({ run: 3, bytes: 128 * 1024 });
    const early = { "idempotency-key": "early" };
    expect((await send("PUT", "/early", pieces(long), early))[1]).toBe("conflict: Run 4.");
    expect((await send("PUT", "/early", pieces(long), early))[1]).toBe("conflict: Run 5.");
  });

  it("runs one of twenty at once", async () => {
    const { send } = await countingApi();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send("POST", "/thing", "{}")));
    expect(answers.filter(([, , replayed]) => replayed === null)).toHaveLength(1);
    expect(answers.map(([status, body]) => [status, body])).toEqual(answers.map(() => [201, { run: 1, body: {} }]));
  });
});
