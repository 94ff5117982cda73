import { env } from "cloudflare:test";
import { expect, it } from "vitest";
import { floatCell } from "../../engines/frame/types.ts";
import { workspaceClient } from "../../platform/workspace-client.ts";
import { systemCaller } from "../access/access.ts";

it("loads, reads and drops a frame", async () => {
  const workspace = workspaceClient(env.WORKSPACE, "smoke", "inc_1");
  const by = systemCaller("system", "test");
  const reader = { ...by.actor, hidden: [] };
  const columns = [
    { name: "id", type: "int" as const },
    { name: "x", type: "float" as const, special: true as const },
  ];
  const lineage = { operation: "read_csv", inputs: [] };
  const id = await workspace.frames().begin(by, { name: "Numbers", columns, lineage, sources: [] });
  await expect(workspace.frames().find("numbers", reader)).rejects.toMatchObject({ code: "not_found" });
  const rows = [
    [1, 2.5],
    [2, floatCell(Number.NaN)],
  ];
  await workspace.frames().append(id, [{ count: 2, json: JSON.stringify(rows) }]);
  const frame = await workspace.frames().finish(id);
  expect({ rows: frame.rows, chunks: frame.chunks, name: frame.name }).toEqual({ rows: 2, chunks: 1, name: "Numbers" });
  expect((await workspace.frames().slice("NUMBERS", reader, 1, 5)).rows).toEqual([[2, "NaN"]]);
  expect(await new Response(await workspace.frames().stream(id, reader)).text()).toBe(`${JSON.stringify(rows)}\n`);
  expect((await workspace.frames().drop([id, "numbers"], reader, by)).length).toBe(1);
  expect(await workspace.frames().list(reader)).toEqual([]);
});
