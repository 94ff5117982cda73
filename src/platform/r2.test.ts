// Writing to R2: nothing is left that nobody knows of, and an isolate's buffers are counted. Runs in workerd.
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { datasetLimits } from "../limits.ts";
import { R2Writer } from "./r2.ts";

/** The message of the error that `call` ends in. */
async function failure(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("a writer", () => {
  it("ends a multipart upload that nobody was told of", async () => {
    const noted = vi.fn(() => Promise.reject(new Error("the team is away")));
    const create = vi.spyOn(env.FILES, "createMultipartUpload");
    const writer = new R2Writer(env.FILES, "teams/t/lost", "application/octet-stream", noted);
    const bytes = new Uint8Array(datasetLimits.writeBytes + 1);
    expect(await failure(() => writer.write(bytes))).toBe("the team is away");
    writer.release();
    const multipart = await create.mock.results[0]?.value;
    create.mockRestore();
    expect(await failure(() => multipart.uploadPart(1, "x"))).not.toBe("no error");
  });

  it("waits for one of the isolate's large buffers, and takes that of a writer which says nothing any more", async () => {
    const large = new Uint8Array(1024 * 1024);
    const open = () => new R2Writer(env.FILES, "teams/t/many", "application/octet-stream", async () => undefined);
    const writers = Array.from({ length: datasetLimits.writeBuffers }, open);
    await Promise.all(writers.map((writer) => writer.write(large)));
    const next = open();
    await next.write("small");
    const waiting = next.write(large);
    writers[0]?.release();
    await waiting;
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + datasetLimits.writeLeaseMs + 1);
    const late = open();
    await late.write(large);
    clock.mockRestore();
    const wait = vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    const others = Array.from({ length: datasetLimits.writeBuffers - 1 }, open);
    for (const writer of others) await writer.write(large);
    expect(await failure(() => open().write(large))).toBe(
      "6 large uploads are under way here, the most at once (limit writeBuffers).",
    );
    wait.mockRestore();
    for (const writer of [...writers, next, late, ...others]) writer.release();
  });
});
