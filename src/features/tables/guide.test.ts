// The examples of docs/guides/tables.md, called as they stand there. Runs in workerd.
import { describe, expect, it } from "vitest";
import guide from "../../../docs/guides/tables.md?raw";
import { tableTeam } from "../../../test/helpers/table-team.ts";
import { uploadDataset } from "../datasets/upload.ts";

/** The calls in a section's blocks of JSON: a tool's name, then its arguments. */
function callsOf(section: string): [name: string, args: Record<string, unknown>][] {
  const text = guide.split(/^## /m).find((part) => part.startsWith(section)) ?? "";
  const blocks = [...text.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
  const calls = blocks.flatMap((block) => block.trim().split(/\n(?=[a-z_]+ \{)/));
  return calls.map((call) => {
    const [, name = "", json = ""] = /^([a-z_]+) (\{[\s\S]*\})$/.exec(call) ?? [];
    return [name, JSON.parse(json)];
  });
}

describe("the guide to tables", () => {
  it("says what is true", async () => {
    const team = await tableTeam();
    await uploadDataset(await team.call(), {
      ...{ name: "sales_csv", format: "csv", description: undefined, precondition: undefined },
      source: (async function* () {
        yield new TextEncoder().encode("code,n\n007,3\n010,4\n");
      })(),
    });
    await team.use("create_table", { table_name: "customers", schema: { name: "text" } });
    await team.use("insert_record", { table_name: "customers", data: { name: "Ana" } });
    const done: string[] = [];
    for (const section of ["Make one", "Change it", "Fill it"]) {
      for (const [name, args] of callsOf(section)) {
        await team.use(name, args);
        done.push(name);
        if (done.length > 1) continue;
        await team.use("insert_record", {
          table_name: "orders",
          data: [
            { title: "red shoes", price: "12.50", customer: 1 },
            { title: "blue hat", customer: 1 },
          ],
        });
        const query = /```sql\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
        expect(await team.use("execute_raw_query", { query })).toMatchObject({
          rows: [{ id: 1, title: "red shoes", price: "12.50", state: "open" }],
        });
        expect(await team.use("row_history", { table_name: "orders", key: 2 })).toMatchObject({ total: 1 });
      }
    }
    expect(done).toEqual([
      ...["create_table", "alter_table", "alter_table", "create_index", "create_index"],
      ...["import_table", "import_table", "export_table", "export_table"],
    ]);
    expect(await team.rows("SELECT code, n FROM sales_2025")).toEqual([
      { code: "007", n: 3 },
      { code: "010", n: 4 },
      { code: "007", n: null },
    ]);
    expect(await team.rows("SELECT id, name, price, customer, note FROM sales")).toEqual([
      { id: 1, name: "red shoes", price: "12.50", customer: 1, note: null },
      { id: 2, name: "blue hat", price: null, customer: 1, note: null },
    ]);
  });
});
