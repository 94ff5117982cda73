// Listing, reading, pinning and dropping frames. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aFrame, counting, countingColumns } from "../../../test/helpers/frames.ts";
import { auditLog, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";

describe("read_frame", () => {
  it("shows a page of chosen columns, and the next by its cursor", async () => {
    const context = await (await freshTeam()).call();
    const frame = await aFrame(context, countingColumns, counting(5_000), { name: "numbers" });
    const asked = { data_ref: "numbers", columns: ["n"], limit: 3, format: "csv" };
    const first = await useTool(context, "read_frame", asked);
    expect(first.data).toEqual({
      rows: [{ n: 0 }, { n: 1 }, { n: 2 }],
      returned: 3,
      total: 5_000,
      truncated: true,
      next_cursor: first.data.next_cursor,
      input: "frame",
      cached: false,
      columns: [{ name: "n", type: "int" }],
    });
    expect(first.text).toContain(`More: the same call with cursor ${first.data.next_cursor}`);
    const next = { ...asked, data_ref: frame.id, cursor: first.data.next_cursor };
    expect((await useTool(context, "read_frame", next)).data.rows).toEqual([{ n: 3 }, { n: 4 }, { n: 5 }]);
    const other = await aFrame(context, countingColumns, counting(10));
    expect((await rejection(useTool(context, "read_frame", { ...next, data_ref: other.id }))).code).toBe(
      "cursor_invalid",
    );
  });

  it("offers near names for a column and a frame", async () => {
    const context = await (await freshTeam()).call();
    await aFrame(context, countingColumns, counting(1), { name: "numbers" });
    const read = (args: Record<string, unknown>) => rejection(useTool(context, "read_frame", args));
    expect(await read({ data_ref: "numbers", columns: ["nam"] })).toEqual({
      code: "not_found",
      message: 'There is no column "nam".',
    });
    expect(await read({ data_ref: "number" })).toEqual({
      code: "not_found",
      message: 'There is no table, frame or dataset "number".',
    });
  });

  it("sends no more of wide rows than an answer holds", async () => {
    const context = await (await freshTeam()).call();
    const rows = Array.from({ length: 30 }, (_, n) => [n, "x".repeat(60_000)]);
    await aFrame(context, countingColumns, rows, { name: "wide" });
    const { data } = await useTool(context, "read_frame", { data_ref: "wide", limit: 1_000 });
    expect([data.returned, data.total, data.truncated]).toEqual([1, 30, true]);
  });
});

describe("list_data", () => {
  it("shows what may be read, last used first, and how much room is taken", async () => {
    const context = await (await freshTeam()).call();
    expect((await useTool(context, "list_data", {})).text).toBe(
      "0 of 0 frames; all take 0 of the team's 1073741824 bytes. read_csv, read_parquet, read_json and sql_frame make one, and so does to_frame in a query.",
    );
    await aFrame(context, countingColumns, counting(2), { name: "alpha" });
    const nameless = await aFrame(context, countingColumns, counting(3));
    const hidden = { id: "ds_1", name: "secret", version: 1, visibility: ["bob"] };
    await aFrame(context, countingColumns, counting(4), { name: "of_bob", sources: [hidden] });
    const { data } = await useTool(context, "list_data", { limit: 1 });
    expect(data).toMatchObject({ returned: 1, total: 2, truncated: true });
    const all = await useTool(context, "list_data", {});
    expect((all.data.frames as { data_ref: string }[]).map((one) => one.data_ref)).toContain(nameless.id);
    expect(all.text).not.toContain("of_bob");
    expect((await useTool(context, "list_data", { match: "ALPH" })).data).toMatchObject({ total: 1 });
  });
});

describe("pin_data and drop_data", () => {
  it("keep a frame and remove it, each in the log once", async () => {
    const { slug, call } = await freshTeam();
    const context = await call();
    const frame = await aFrame(context, countingColumns, counting(2), { name: "a" });
    const pinned = await useTool(context, "pin_data", { data_ref: "a" });
    expect(pinned.data).toMatchObject({ pinned: true, expires_at: null });
    expect(pinned.text).toBe("a is kept until it is unpinned or dropped.");
    await useTool(context, "pin_data", { data_ref: "a" });
    const unpinned = await useTool(context, "pin_data", { data_ref: frame.id, pinned: false });
    expect(unpinned.text).toBe(`a expires at ${unpinned.data.expires_at} unless it is used.`);
    const both = useTool(context, "drop_data", { data_ref: ["a", "gone"] });
    expect(await rejection(both)).toEqual({ code: "not_found", message: 'There is no frame "gone".' });
    const dropped = await useTool(context, "drop_data", { data_ref: ["a", frame.id] });
    expect(dropped).toMatchObject({
      text: "Dropped a.",
      data: { dropped: [{ data_ref: frame.id, name: "a", rows: 2 }] },
    });
    const actions = (await auditLog(slug))
      .filter(({ action }) => action.startsWith("frame."))
      .map(({ action, target }) => [action, target]);
    expect(actions).toEqual([
      ["frame.pin", "frame a"],
      ["frame.unpin", "frame a"],
      ["frame.drop", "frame a"],
    ]);
  });
});
