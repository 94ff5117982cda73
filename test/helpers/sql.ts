// A team with tables, frames and a dataset for SQL, and what its workspace holds byte for byte. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { CallContext } from "../../src/context.ts";
import { describeError, type ErrorDescription } from "../../src/core/errors.ts";
import type { Role } from "../../src/features/access/access.ts";
import { withDatasets } from "./datasets.ts";
import { aFrame } from "./frames.ts";
import { type FreshTeam, freshTeam, useTool } from "./team.ts";

export interface SqlWorld {
  team: FreshTeam;
  context: CallContext;
  /** The data_ref of the frame `visits`. */
  visits: string;
  /** The rows of an answer of execute_raw_query as arrays of JSON texts, or the error. */
  ask: (query: string, more?: Record<string, unknown>, role?: Role) => Promise<Answer>;
}

export type Answer =
  | {
      rows: unknown[];
      columns: string[];
      total: number;
      data: Record<string, unknown>;
      text: string;
      error?: undefined;
    }
  | { error: ErrorDescription };

/** Customers, their orders, notes with full-text search, and a frame of visits. */
export async function sqlWorld(): Promise<SqlWorld> {
  const team = await freshTeam();
  const context = await team.call("member");
  await makeTables(context);
  const visits = await aFrame(
    context,
    [
      { name: "day", type: "date" },
      { name: "page", type: "text" },
      { name: "hits", type: "int" },
      { name: "ratio", type: "float" },
      { name: "mobile", type: "bool" },
      { name: "big", type: "int64" },
    ],
    [
      ["2026-01-01", "home", 10, 0.5, true, "9007199254740993"],
      ["2026-01-02", "home", 20, 0.25, false, "-9223372036854775808"],
      ["2026-01-02", "shop", 5, 1, true, "1"],
      ["2026-01-03", "shop", 7, null, null, null],
      ["2026-01-03", "blog", 1, 0.125, false, "2"],
    ],
    { name: "visits" },
  );
  return { team, context, visits: visits.id, ask: asking(team, context) };
}

function asking(team: FreshTeam, context: CallContext): SqlWorld["ask"] {
  return async (query, more = {}, role = "member") => {
    try {
      const call = role === "member" ? context : await team.call(role);
      const { data, text } = await useTool(call, "execute_raw_query", { query, limit: 1_000, ...more });
      const columns = (data.columns as { name: string; type: string }[] | undefined) ?? [];
      return {
        ...{ rows: (data.rows as unknown[] | undefined) ?? [], total: Number(data.total ?? 0), data, text },
        columns: columns.map(({ name, type }) => `${name} ${type}`),
      };
    } catch (error) {
      return { error: describeError(error) };
    }
  };
}

async function makeTables(context: CallContext): Promise<void> {
  const makeTable = (definition: Record<string, unknown>) => useTool(context, "create_table", definition);
  await makeTable({
    table_name: "customers",
    schema: { name: { type: "text", nullable: false }, city: "text", since: "date" },
  });
  await makeTable({
    table_name: "orders",
    schema: {
      customer: { type: "int", references: { table: "customers", column: "id", on_delete: "cascade" } },
      status: { type: "text", check: "status IN ('open', 'paid', 'void')" },
      amount: "float",
      items: { type: "int", check: "items >= 0" },
      paid: "bool",
      tags: "json",
    },
    history: true,
  });
  await makeTable({
    table_name: "notes",
    schema: { title: "text", body: "text" },
    full_text: ["title", "body"],
  });
  const insert = (table_name: string, data: Record<string, unknown>[]) =>
    useTool(context, "insert_record", { table_name, data });
  await insert("customers", [
    { name: "Ana", city: "Oslo", since: "2024-02-29" },
    { name: "Bo", city: "Rome", since: "2025-01-01" },
    { name: "Cy", city: "Oslo", since: "2025-06-15" },
    { name: "Dee", city: null, since: null },
  ]);
  await insert("orders", [
    { customer: 1, status: "paid", amount: 10.5, items: 1, paid: true, tags: ["a", "b"] },
    { customer: 1, status: "open", amount: 20, items: 2, paid: false, tags: [] },
    { customer: 2, status: "paid", amount: 5.25, items: 3, paid: true, tags: ["b"] },
    { customer: 3, status: "void", amount: 0, items: 0, paid: false, tags: null },
    { customer: 3, status: "paid", amount: 100, items: 4, paid: true, tags: ["a"] },
    { customer: null, status: "open", amount: 7.75, items: 5, paid: null, tags: { k: 1 } },
  ]);
  await insert("notes", [
    { title: "Fast delivery", body: "The parcel came quickly and whole." },
    { title: "Slow delivery", body: "The parcel came late." },
    { title: "Praise", body: "Quick answers from the shop." },
  ]);
}

/** What runs on a team's workspace itself. */
export async function onWorkspace<T>(
  { team, catalogue }: CallContext,
  work: (storage: DurableObjectStorage) => T,
): Promise<T> {
  const stub = env.WORKSPACE.get(env.WORKSPACE.idFromName(`${team}/${catalogue.incarnation}`));
  return runInDurableObject(stub, (_object, { storage }) => work(storage));
}

/** All that a workspace holds: its schema, every row of every table, and how often it was written to. */
export function contents({ sql }: DurableObjectStorage): string {
  const schema = sql.exec("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name, type").toArray();
  const tables = schema.filter(
    ({ type, name, sql: text }) =>
      type === "table" && !/^CREATE VIRTUAL/i.test(String(text)) && !String(name).startsWith("_cf_"),
  );
  const rows = tables.map(({ name }) => [
    name,
    sql
      .exec(`SELECT * FROM "${name}"`)
      .toArray()
      .map((row) =>
        Object.values(row).map((value) => (value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value)),
      ),
  ]);
  const { writes } = sql.exec("SELECT total_changes() AS writes").one();
  return JSON.stringify([schema, rows, writes]);
}

/** How the connection behaves that all calls of a workspace share: settings that a statement could leave behind. */
export function settings({ sql }: DurableObjectStorage): unknown {
  const pragmas = [
    "foreign_keys",
    "ignore_check_constraints",
    "reverse_unordered_selects",
    "recursive_triggers",
    "legacy_alter_table",
    "defer_foreign_keys",
  ];
  return {
    like: sql.exec("SELECT 'A' LIKE 'a' AS same").one().same,
    order: sql.exec("SELECT group_concat(value, ' ') AS all_values FROM (SELECT value FROM json_each('[1,2,3]'))").one()
      .all_values,
    pragmas: pragmas.map((name) => sql.exec(`PRAGMA ${name}`).toArray()),
  };
}

/** The same world where its calls know the dataset `regions`, too. */
export async function withRegions(world: SqlWorld): Promise<SqlWorld> {
  const records = [
    { city: "Oslo", country: "Norway" },
    { city: "Rome", country: "Italy" },
  ];
  const context = await withDatasets(world.context, { regions: records });
  return { ...world, context, ask: asking(world.team, context) };
}
