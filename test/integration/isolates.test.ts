// Two isolates of one deployment: what is saved through one reaches the clients of the other at once, in both eras.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { call, connectV1, connectV2, createTeam, until } from "../helpers/clients.ts";
import { freePort } from "../helpers/server.ts";

const server = inject("server");
const scratch = mkdtempSync(join(tmpdir(), "super-data-second-"));
let second: ChildProcess;
let origin: string;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  second = spawn(
    "node_modules/.bin/wrangler",
    [
      "dev",
      "-c",
      "test/fixtures/second-isolate.toml",
      "--ip",
      "127.0.0.1",
      "--port",
      String(port),
      "--persist-to",
      scratch,
    ],
    {
      stdio: "ignore",
      env: {
        ...process.env,
        WRANGLER_REGISTRY_PATH: join(server.persist, "registry"),
        WRANGLER_SEND_METRICS: "false",
        CI: "1",
      },
    },
  );
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(`${origin}/health`)).ok) break;
    } catch (error) {
      if (tries > 600) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

afterAll(async () => {
  const ended = new Promise((resolve) => second.once("exit", resolve));
  second.kill("SIGTERM");
  await ended;
  rmSync(scratch, { recursive: true, force: true });
});

describe.each([
  ["a 2025-era client (SDK v1)", "v1", connectV1],
  ["a 2026-07-28 client (SDK v2)", "v2", connectV2],
] as const)("%s on the second isolate", (_name, era, connect) => {
  it("is told at once of a tool saved through the first, and runs each version of it", async () => {
    const team = await createTeam(server, `isolates-${era}`);
    let changes = 0;
    const listener = await connect({ ...team, url: `${origin}/t/${team.team}/mcp` }, () => {
      changes++;
    });
    const author = await connectV2(team);
    await until(() => changes > 0, "the stream was open");
    for (const version of [1, 2, 3]) {
      const before = changes;
      await call(author, "save_tool", {
        name: "versioned",
        description: "Answers its version.",
        query: String(version),
      });
      await until(() => changes > before, "the second isolate was told");
      expect((await call(listener, "versioned")).data.rows).toEqual([version]);
    }
    await Promise.all([listener.close(), author.close()]);
  });
});
