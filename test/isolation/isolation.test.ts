// The isolation proof in short, on a server of its own: a fixed seed, outside the gate a random one too, and the proof that it would find a leak.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkDisk, checkLog } from "./disk.ts";
import { findLeaks, findWrongCode, type Violation } from "./oracle.ts";
import { prove } from "./prover.ts";
import { type ProofServer, withServer } from "./server.ts";
import type { Answer } from "./wire.ts";
import { scopes, type Thing, type Viewer, World } from "./world.ts";

const said = (violations: readonly Violation[]): string[] =>
  violations.map(({ kind, operation, detail, excerpt }) => `${kind} ${operation}: ${detail}\n${excerpt}`);

it("shows nothing of one team to another, and of a team only what each may see", { timeout: 240_000 }, async () => {
  const persistDir = mkdtempSync(join(tmpdir(), "super-data-isolation-"));
  // The gate tries the same each time; whoever runs the tests by hand tries something new.
  const another = process.env.CI === "true" ? 7 : Math.floor(Math.random() * 2 ** 31);
  const runs: Awaited<ReturnType<typeof prove>>[] = [];
  const lines = await withServer(persistDir, async (server: ProofServer) => {
    for (const [seed, operations] of [
      [1, 500],
      [another, 250],
    ] as const) {
      console.log(`npm run prove:isolation -- --seed ${seed} --operations ${operations} --teams 4`);
      runs.push(await prove({ ...server, seed, operations, teams: 4 }));
    }
    const sabotaged = { ...server, operations: 60, teams: 2 };
    const answers = await prove({ ...sabotaged, seed: 2, sabotage: "answers" });
    expect(answers.report.violations.filter(({ kind }) => kind === "leak").length).toBeGreaterThan(0);
    const rights = await prove({ ...sabotaged, seed: 3, operations: 150, sabotage: "rights" });
    expect(rights.report.violations.filter(({ kind }) => kind === "leak").length).toBeGreaterThan(0);
    return server.lines;
  });
  for (const { report, world } of runs) {
    const disk = checkDisk(world, persistDir);
    expect(disk.found).toBeGreaterThan(100);
    expect(said([...report.violations, ...disk.violations, ...checkLog(world, lines)])).toEqual([]);
    expect(report.events).toBeGreaterThan(0);
  }
  rmSync(persistDir, { recursive: true, force: true });
});

const member: Viewer = { team: "a", username: "di", role: "member", scopes };
const dataset: Thing = {
  ...{ team: "a", kind: "dataset", name: "plans", visibility: ["cy"], madeBy: "cy", live: true, scratch: false },
};
const answerOf = (text: string, code: string): Answer => ({ status: 200, headers: [], text, json: undefined, code });

it("finds another team's secret in an answer, as it is and packed in a cursor", () => {
  const world = new World(1);
  const secret = world.plantFor("b", "a label", "tokens:manage");
  const reading = { operation: "list_tokens", viewer: { ...member, role: "owner" as const }, sent: "", team: "a" };
  const cursor = btoa(JSON.stringify({ after: secret }));
  const wanted = [`leak list_tokens: owner di of team a (${scopes.join(" ")}) was shown a label of team b (${secret})`];
  const found = (text: string): string[] =>
    said(findLeaks(world, text, reading)).map((line) => line.split("\n")[0] ?? "");
  expect(found(`{"label":"${secret}"}`)).toEqual(wanted);
  expect(found(`{"next_cursor":"${cursor}"}`)).toEqual(wanted);
  expect(found("{}")).toEqual([]);
  expect(said(findLeaks(world, secret, { ...reading, sent: `?text=${secret}` }))).toEqual([]);
});

it("finds what one person of a team may not see, and an identifier of another team's", () => {
  const world = new World(1);
  const secret = world.plantIn(dataset, "a row");
  const reading = { operation: "query_dataset", viewer: member, sent: "", team: "a" };
  expect(findLeaks(world, secret, reading)).toHaveLength(1);
  expect(findLeaks(world, secret, { ...reading, viewer: { ...member, username: "cy" } })).toEqual([]);
  expect(findLeaks(world, secret, { ...reading, viewer: { ...member, role: "owner" } })).toEqual([]);
  expect(findLeaks(world, secret, { ...reading, viewer: undefined })).toHaveLength(1);
  const id = `ds_${"Ab1".repeat(7)}x`;
  expect(findLeaks(world, id, reading)).toEqual([]);
  expect(findLeaks(world, id, { ...reading, viewer: { ...member, team: "b" }, team: "b" })).toHaveLength(1);
});

it("finds an answer that should have been a refusal, and a refusal that should have been an answer", () => {
  const viewer: Viewer = { ...member, role: "viewer" };
  const wrong = (use: Parameters<typeof findWrongCode>[2], code: string): number =>
    findWrongCode("op", viewer, use, answerOf("", code)).length;
  expect(wrong({ needs: ["data:write"] }, "ok")).toBe(1);
  expect(wrong({ needs: ["data:write"] }, "forbidden")).toBe(0);
  expect(wrong({ needs: ["data:read"] }, "forbidden")).toBe(1);
  expect(wrong({ needs: ["data:read"], things: [dataset] }, "ok")).toBe(1);
  expect(wrong({ needs: ["data:read"], things: [dataset] }, "not_found")).toBe(0);
});
