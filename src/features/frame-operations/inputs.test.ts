// The operations over what is no frame: tables of the team and datasets, by name.
import { beforeAll, expect, it } from "vitest";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";

let context: CallContext;

async function rowsOf(tool: string, args: Record<string, unknown>): Promise<unknown[]> {
  const { data } = await useTool(context, tool, args);
  return (data as { rows: unknown[] }).rows;
}

beforeAll(async () => {
  const team = await freshTeam();
  context = await team.call("member");
  await useTool(context, "create_table", {
    table_name: "stock",
    schema: {
      sku: { type: "text", nullable: false },
      count: { type: "int" },
      price: { type: "decimal" },
      since: { type: "date" },
      sold: { type: "bool" },
    },
  });
  await useTool(context, "insert_record", {
    table_name: "stock",
    data: [
      { sku: "007", count: 3, price: "1.5", since: "2024-02-29", sold: true },
      { sku: "a", count: null, price: "10.25", since: null, sold: false },
      { sku: "007", count: "9007199254740993", price: null, since: "2023-01-01", sold: null },
    ],
  });
  await useTool(context, "create_dataset", {
    name: "visits",
    format: "json",
    content: JSON.stringify([
      { sku: "007", visits: 12 },
      { sku: "b", visits: 1 },
    ]),
  });
  context = await team.call("member");
});

it("read a table as they read a frame", async () => {
  expect(await rowsOf("filter", { data_ref: "stock", condition: "sold or since < '2024-01-01'" })).toHaveLength(2);
  const [first] = await rowsOf("sort", { data_ref: "stock", by: "price", descending: true });
  expect(first).toMatchObject({ sku: "a", price: "10.25", sold: false });
  expect(await rowsOf("head", { data_ref: "stock", n: 1 })).toEqual([
    { id: 1, sku: "007", count: 3, price: "1.50", since: "2024-02-29", sold: true },
  ]);
  expect(await rowsOf("tail", { data_ref: "stock", n: 1 })).toMatchObject([{ since: "2023-01-01", sold: null }]);
  const { text } = await useTool(context, "groupby", { data_ref: "stock", by: "sku", aggregations: { count: "max" } });
  expect(text).toContain("|007|9007199254740993|");
});

it("join a table with a dataset, both by name", async () => {
  expect(await rowsOf("join", { left: "stock", right: "visits", on: "sku", how: "left" })).toMatchObject([
    { sku: "007", visits: 12 },
    { sku: "a", visits: null },
    { sku: "007", visits: 12 },
  ]);
  expect(await rowsOf("describe", { data_ref: "visits", columns: "visits" })).toMatchObject([
    { column: "visits", count: 2, min: 1, max: 12, mean: 6.5 },
  ]);
});

it("offer near names for what there is not", async () => {
  expect(await rejection(rowsOf("head", { data_ref: "stok" }))).toEqual({
    code: "not_found",
    message: 'There is no table, frame or dataset "stok".',
  });
});
