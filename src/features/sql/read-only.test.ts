// Reading changes nothing: no row, no schema, no setting, whatever the statement. Runs in workerd.
import { beforeAll, describe, expect, it } from "vitest";
import { attackFamilies } from "../../../test/fixtures/sql-attacks.ts";
import { contents, onWorkspace, type SqlWorld, settings, sqlWorld } from "../../../test/helpers/sql.ts";

const refusals = ["sql_forbidden", "sql_invalid", "not_found", "too_large", "invalid_argument"];
let world: SqlWorld;
beforeAll(async () => {
  world = await sqlWorld();
});

const state = (): Promise<{ held: string; set: unknown }> =>
  onWorkspace(world.context, (storage) => ({ held: contents(storage), set: settings(storage) }));

describe("a call that only reads", () => {
  it("is tried with hundreds of statements, each of its own kind", () => {
    const all = attackFamilies.flatMap(({ statements }) => statements);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(700);
  });

  it.each(attackFamilies.map((family) => [family.name, family] as const))(
    "changes nothing by %s",
    async (_name, { statements, verdict }) => {
      const before = await state();
      const wrong: unknown[] = [];
      for (const statement of statements) {
        const { error } = await world.ask(statement);
        const isAsExpected = verdict === "refused" ? refusals.includes(error?.code ?? "") : error === undefined;
        if (!isAsExpected) wrong.push([statement, error ?? "was read"]);
        const after = await state();
        if (after.held !== before.held || JSON.stringify(after.set) !== JSON.stringify(before.set))
          wrong.push([statement, "changed something"]);
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});
