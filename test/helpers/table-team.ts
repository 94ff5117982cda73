// A team and its tables for tests of what tables are: tools as the surface runs them, and SQL on the workspace itself. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describeError, type ErrorDescription } from "../../src/core/errors.ts";
import { callerOf, type Role } from "../../src/features/access/access.ts";
import { readerOf } from "../../src/features/workspace/workspace.ts";
import { builtInTools } from "../../src/surfaces/catalogue.ts";
import { runTool, toolNamed } from "../../src/surfaces/mcp/call.ts";
import { type FreshTeam, freshTeam } from "./team.ts";

type Args = Record<string, unknown>;

export interface TableTeam extends FreshTeam {
  /** What a tool answers with as data. */
  use: <Data = Record<string, unknown>>(name: string, args?: Args, role?: Role, username?: string) => Promise<Data>;
  /** What it answers with as text, without the random words of fences. */
  text: (name: string, args?: Args) => Promise<string>;
  /** What it is refused with. */
  failure: (name: string, args?: Args, role?: Role, username?: string) => Promise<ErrorDescription | undefined>;
  /** SQL on the workspace itself, past all rules. */
  sql: <T>(work: (sql: SqlStorage) => T) => Promise<T>;
  /** Rows of a query on the workspace. */
  rows: (query: string) => Promise<unknown[]>;
  /** Lets the workspace's alarm go off, once time has passed. */
  alarm: () => Promise<void>;
}

/** A fresh team. */
export async function tableTeam(): Promise<TableTeam> {
  const team = await freshTeam();
  const call = async (name: string, args: Args, role: Role, username?: string) => {
    const context = await team.call(role, username);
    const tool = toolNamed(context, builtInTools, name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    return runTool(context, tool, args);
  };
  const stub = async () => {
    const { incarnation } = (await team.call()).catalogue;
    return env.WORKSPACE.get(env.WORKSPACE.idFromName(`${team.slug}/${incarnation}`));
  };
  const sql = async <T>(work: (sql: SqlStorage) => T) =>
    runInDurableObject(await stub(), (_object, { storage }) => work(storage.sql));
  return {
    ...team,
    use: async <Data>(name: string, args: Args = {}, role: Role = "member", username?: string) =>
      (await call(name, args, role, username)).data as Data,
    text: async (name, args = {}) =>
      (await call(name, args, "member")).text.replace(/data-[A-Za-z0-9_-]{8}/g, "data-X"),
    failure: async (name, args = {}, role = "member", username) => {
      try {
        await call(name, args, role, username);
        return undefined;
      } catch (error) {
        return describeError(error);
      }
    },
    sql,
    rows: (query) => sql((storage) => storage.exec(query).toArray()),
    alarm: async () => runInDurableObject(await stub(), (object) => (object as { alarm(): Promise<void> }).alarm()),
  };
}

/** Adds records past the tools for records. */
export async function addRecords(team: TableTeam, table: string, records: Args[]): Promise<void> {
  const context = await team.call();
  await context.workspace
    .tables()
    .insertRecords(
      { table, records: JSON.stringify(records), onConflict: "error", conflictColumns: undefined },
      readerOf(context),
      callerOf(context),
    );
}
