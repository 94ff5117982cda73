// jq over tables and frames by name, and results kept as frames. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aFrame, counting, countingColumns } from "../../../test/helpers/frames.ts";
import { aTable } from "../../../test/helpers/tables.ts";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import { readChunkStream } from "../../engines/frame/chunk-stream.ts";
import type { Column } from "../../engines/frame/types.ts";
import { readerOf } from "../workspace/workspace.ts";

async function aCall(): Promise<CallContext> {
  return (await freshTeam()).call();
}

async function rowsOf(context: CallContext, args: Record<string, unknown>): Promise<unknown> {
  return (await useTool(context, "query_dataset", args)).data.rows;
}

async function hintOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    if (isAppError(error)) return error.hint;
  }
  return undefined;
}

const everyType: Column[] = [
  { name: "big", type: "int64" },
  { name: "x", type: "float", special: true },
  { name: "ok", type: "bool" },
  { name: "price", type: "decimal", precision: 10, scale: 2 },
  { name: "bytes", type: "binary" },
  { name: "doc", type: "json" },
  { name: "at", type: "timestamp", unit: "s", timezone: "UTC" },
];
const values = ["9007199254740993", "-Infinity", true, "1.50", "00ff", { k: [1] }, "2024-02-29T00:00:00Z"];

describe("query_dataset over a frame", () => {
  it("reads its rows as records, by name and by data_ref, whole and a record at a time", async () => {
    const context = await aCall();
    const frame = await aFrame(context, countingColumns, counting(5_000), { name: "Numbers" });
    expect(await rowsOf(context, { dataset: "numbers", query: "length, .[4999]" })).toEqual([
      5_000,
      { n: 4_999, name: "name 4999" },
    ]);
    const input = "records";
    expect(await rowsOf(context, { dataset: frame.id, query: "select(.n >= 4998).name", input })).toEqual([
      "name 4998",
      "name 4999",
    ]);
    const summing = { query: "reduce inputs as $r (0; . + $r.n)", null_input: true };
    expect(await rowsOf(context, { dataset: "Numbers", ...summing })).toEqual([12_497_500]);
    expect(context.execution.dataset).toBe("Numbers");
    expect(context.execution.pattern).toBeUndefined();
  });

  it("shows each type as the REST API does, integers with every digit", async () => {
    const context = await aCall();
    await aFrame(context, everyType, [values, values.map(() => null)], { name: "types" });
    const { text } = await useTool(context, "query_dataset", { dataset: "types", query: ".[]", format: "json" });
    expect(text).toContain(
      '{"big":9007199254740993,"x":"-Infinity","ok":true,"price":"1.50","bytes":"AP8=","doc":{"k":[1]},"at":"2024-02-29T00:00:00Z"}',
    );
    expect(await rowsOf(context, { dataset: "types", query: ".[1] | [.[]] | unique" })).toEqual([[null]]);
  });

  it("pages by a cursor, and says so when the answer is cut", async () => {
    const context = await aCall();
    await aFrame(context, countingColumns, counting(100), { name: "numbers" });
    const asked = { dataset: "numbers", query: ".[].n", limit: 60 };
    const first = await useTool(context, "query_dataset", asked);
    expect(first.data).toMatchObject({ returned: 60, total: 100, truncated: true });
    expect(first.text).toContain(`More: the same call with cursor ${first.data.next_cursor}`);
    const second = await useTool(context, "query_dataset", { ...asked, cursor: first.data.next_cursor });
    expect(second.data).toMatchObject({ returned: 40, truncated: false });
    await useTool(context, "drop_data", { data_ref: "numbers" });
    await aFrame(context, countingColumns, counting(100), { name: "numbers" });
    const again = useTool(context, "query_dataset", { ...asked, cursor: first.data.next_cursor });
    expect(await rejection(again)).toEqual({
      code: "cursor_stale",
      message: "The data has changed since the page before, so its rows no longer line up.",
    });
  });

  it("offers near names among datasets, tables and frames", async () => {
    const { call } = await freshTeam();
    await useTool(await call(), "create_dataset", { name: "orders_2024", content: "[1]", format: "json" });
    const context = await call();
    await aFrame(context, countingColumns, counting(1), { name: "orders_2025" });
    const failing = () => useTool(context, "query_dataset", { dataset: "orders_202", query: "." });
    expect(await rejection(failing())).toEqual({
      code: "not_found",
      message: 'There is no table, frame or dataset "orders_202".',
    });
    expect(await hintOf(failing())).toBe("Did you mean orders_2024, orders_2025?");
  });
});

describe("query_dataset over a table", () => {
  const records = Array.from({ length: 2_500 }, (_, n) => ({ n, name: `name ${n}` }));

  it("reads its rows as records, at any size, and notices that they have changed", async () => {
    const context = await aCall();
    await aTable(context, "people", { n: "int", name: "text" }, records);
    const asked = { dataset: "People", query: "select(.n >= 2400)", input: "records", limit: 60 };
    const first = await useTool(context, "query_dataset", asked);
    expect(first.data).toMatchObject({ returned: 60, total: 100, truncated: true, dataset: "people" });
    expect((first.data.rows as unknown[])[0]).toEqual({ id: 2_401, n: 2_400, name: "name 2400" });
    expect(await rowsOf(context, { dataset: "people", query: "map(.n) | add" })).toEqual([3_123_750]);
    await useTool(context, "insert_record", { table_name: "people", data: { n: -1, name: "new" } });
    expect(await rowsOf(context, { dataset: "people", query: "map(.n) | add" })).toEqual([3_123_749]);
    const second = useTool(context, "query_dataset", { ...asked, cursor: first.data.next_cursor });
    expect((await rejection(second)).code).toBe("cursor_stale");
  });

  it("is paged by read_frame, whose cursor holds for one state of it", async () => {
    const context = await aCall();
    await aTable(context, "people", { n: "int", name: "text" }, records.slice(0, 5));
    const asked = { data_ref: "people", columns: ["name"], limit: 2 };
    const first = await useTool(context, "read_frame", asked);
    expect(first.data).toMatchObject({ rows: [{ name: "name 0" }, { name: "name 1" }], total: 5, truncated: true });
    const more = { ...asked, cursor: first.data.next_cursor };
    expect((await useTool(context, "read_frame", more)).data.rows).toEqual([{ name: "name 2" }, { name: "name 3" }]);
    await useTool(context, "insert_record", { table_name: "people", data: { n: 9 } });
    expect(await rejection(useTool(context, "read_frame", more))).toEqual({
      code: "cursor_stale",
      message: "The table was written to since the page before, so its rows no longer line up.",
    });
  });

  it("keeps integers that no double holds", async () => {
    const context = await aCall();
    await aTable(context, "big", { v: "int", d: "decimal" }, [
      { v: "9007199254740993", d: "0.10" },
      { v: 1, d: "2" },
    ]);
    const { text } = await useTool(context, "query_dataset", {
      dataset: "big",
      query: ".[] | [.v, .d]",
      format: "json",
    });
    expect(text).toContain('[9007199254740993,"0.10"]\n[1,"2.00"]');
  });

  it("ends in a conflict when the table is written to while a program reads it", async () => {
    const context = await aCall();
    const wide = records.map((record) => ({ ...record, name: "x".repeat(400) }));
    await aTable(context, "people", { n: "int", name: "text" }, wide);
    const relations: CallContext["workspace"]["relations"] = () => {
      const real = context.workspace.relations();
      const stream: typeof real.stream = async (...args) => {
        const opened = await real.stream(...args);
        await useTool(context, "insert_record", { table_name: "people", data: { n: 1 } });
        return opened;
      };
      return new Proxy(real, { get: (all, key) => (key === "stream" ? stream : Reflect.get(all, key)) });
    };
    const disturbed = { ...context, workspace: { ...context.workspace, relations } };
    const asked = { dataset: "people", query: ".n", input: "records" };
    expect(await rejection(useTool(disturbed, "query_dataset", asked))).toEqual({
      code: "conflict",
      message: 'The table "people" was written to while it was read.',
    });
    expect((await useTool(context, "query_dataset", asked)).data).toMatchObject({ total: 2_501 });
  });

  it("breaks off when the table is written to while it is read", async () => {
    const context = await aCall();
    await aTable(context, "people", { n: "int", name: "text" }, records);
    const reader = readerOf(context);
    const chunks = readChunkStream(await context.workspace.relations().stream("people", reader));
    expect((await chunks.next()).value).toHaveLength(2_000);
    await useTool(context, "insert_record", { table_name: "people", data: { n: 1 } });
    await expect(
      (async () => {
        for await (const _ of chunks);
      })(),
    ).rejects.toThrow();
    const after = readChunkStream(await context.workspace.relations().stream("people", reader));
    let rows = 0;
    for await (const chunk of after) rows += chunk.length;
    expect(rows).toBe(2_501);
  });
});

describe("to_frame", () => {
  it("keeps all outputs, more than an answer can show, under a name", async () => {
    const context = await aCall();
    const args = { dataset: "numbers", query: ".[] | {n, even: (.n % 2 == 0)}" };
    await aFrame(context, countingColumns, counting(3_000), { name: "numbers" });
    const { text, data } = await useTool(context, "query_dataset", { ...args, to_frame: "evens" });
    expect(data).toMatchObject({ returned: 20, total: 3_000, truncated: true });
    expect(data.columns).toEqual([
      { name: "n", type: "int" },
      { name: "even", type: "bool" },
    ]);
    expect(text).toContain(`All 3000 rows: data_ref ${data.data_ref} (read_frame shows them)`);
    const { data: page } = await useTool(context, "read_frame", { data_ref: "evens", limit: 1_000 });
    expect(page).toMatchObject({ total: 3_000, returned: 1_000 });
    const { data: listed } = await useTool(context, "list_data", { match: "evens" });
    expect(listed.frames).toMatchObject([
      {
        name: "evens",
        rows: 3_000,
        lineage: { operation: "query_dataset", inputs: [{ kind: "frame", name: "numbers" }] },
      },
    ]);
    const taken = useTool(context, "query_dataset", { ...args, to_frame: "evens" });
    expect((await rejection(taken)).code).toBe("already_exists");
  });

  it("takes single values as one column, and true for a frame without a name", async () => {
    const context = await aCall();
    await aFrame(context, countingColumns, counting(3), { name: "numbers" });
    const { data } = await useTool(context, "query_dataset", { dataset: "numbers", query: ".[].n", to_frame: true });
    expect(data.columns).toEqual([{ name: "value", type: "int" }]);
    expect((await useTool(context, "read_frame", { data_ref: data.data_ref })).data.rows).toEqual([
      { value: 0 },
      { value: 1 },
      { value: 2 },
    ]);
  });

  it("refuses a name that is none, and more rows than a frame may have", async () => {
    const context = { ...(await aCall()), frameRows: 10 };
    await aFrame(context, countingColumns, counting(11), { name: "numbers" });
    const args = { dataset: "numbers", query: ".[]" };
    expect((await rejection(useTool(context, "query_dataset", { ...args, to_frame: "no name" }))).code).toBe(
      "invalid_argument",
    );
    expect(await rejection(useTool(context, "query_dataset", { ...args, to_frame: true }))).toEqual({
      code: "too_large",
      message: "The result has 11 rows; a frame made of a query has 10 at most (limit rows).",
    });
    expect((await useTool(context, "list_data", {})).data).toMatchObject({ total: 1 });
  });

  it("is taken by a team's own tools", async () => {
    const { call } = await freshTeam();
    const owner = await call("owner");
    await useTool(owner, "save_tool", { name: "count_up", description: "Counts.", query: "range(1500)" });
    const answer = await useTool(await call("owner"), "run_tool", { name: "count_up", arguments: { to_frame: true } });
    expect(answer.data).toMatchObject({ returned: 20, total: 1_500, columns: [{ name: "value", type: "int" }] });
  });
});
