// A table of a fresh team, and its records through its tools and through the workspace. Runs in workerd.
import type { CallContext } from "../../src/context.ts";
import { describeError, type ErrorDescription } from "../../src/core/errors.ts";
import { callerOf, type Role } from "../../src/features/access/access.ts";
import type { QueriedRecords, RecordQuery } from "../../src/features/tables/record-reading.ts";
import { type CreateTable, createTableSchema } from "../../src/features/tables/schema.ts";
import { readerOf } from "../../src/features/workspace/workspace.ts";
import { builtInTools } from "../../src/surfaces/catalogue.ts";
import { runTool, toolNamed } from "../../src/surfaces/mcp/call.ts";
import { type FreshTeam, freshTeam } from "./team.ts";

export interface TestTable {
  team: FreshTeam;
  context: CallContext;
  /** Calls a tool as someone of the team, a member unless another role is given. */
  use: (tool: string, args: Record<string, unknown>, role?: Role) => ReturnType<typeof runTool>;
  /** The data that insert_record answers with. */
  insert: (records: Record<string, unknown>[], more?: Record<string, unknown>) => Promise<Record<string, unknown>>;
  /** Records as JSON texts; filters as an object. */
  query: (query: Partial<Omit<RecordQuery, "filters">> & { filters?: unknown }) => Promise<QueriedRecords>;
}

/** Makes a table in a team. */
export async function makeTable(context: CallContext, definition: Record<string, unknown>): Promise<void> {
  const input: CreateTable = createTableSchema.parse(definition);
  await context.workspace.tables().create(JSON.stringify(input), readerOf(context), callerOf(context));
}

/** The table "things" of these columns in a fresh team; `more` are further arguments of create_table. */
export async function aTable(schema: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<TestTable> {
  const team = await freshTeam();
  const context = await team.call("member");
  const name = "things";
  await makeTable(context, { table_name: name, schema, ...more });
  const use: TestTable["use"] = async (tool, args, role = "member") => {
    const call = role === "member" ? context : await team.call(role);
    const entry = toolNamed(call, builtInTools, tool);
    if (entry === undefined) throw new Error(`no tool ${tool}`);
    return runTool({ ...call, execution: {} }, entry, args);
  };
  return {
    ...{ team, context, use },
    insert: async (records, further = {}) =>
      (await use("insert_record", { table_name: name, data: records, ...further })).data,
    query: ({ filters, ...query }) =>
      context.workspace.tables().queryRecords(
        {
          ...{ table: name, orderBy: [], offset: 0, limit: 20, countOnly: false },
          ...(filters === undefined ? {} : { filters: JSON.stringify(filters) }),
          ...query,
        },
        readerOf(context),
      ),
  };
}

/** What a promise ends in, as data. */
export async function thrownBy(promise: Promise<unknown>): Promise<ErrorDescription> {
  return describeError(
    await promise.then(
      () => new Error("nothing was thrown"),
      (reason: unknown) => reason,
    ),
  );
}
