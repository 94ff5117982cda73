// Conflicts of an import: how they are found, and what each strategy makes of them.
import { describe, expect, it } from "vitest";
import { actions, definitionOf, exported, functionOf, ids, planOf, take } from "../../../test/helpers/sharing.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { callerOf } from "../access/access.ts";
import { planImport } from "./planning.ts";

describe("S3 sync conflict becomes import and restore conflict", () => {
  /** Two teams with the same f, changed since in the ways asked for. */
  async function teams(changes: { there?: string; here?: string }) {
    const [there, here] = [await freshTeam(), await freshTeam()];
    await take(there, functionOf("f", "1"));
    await take(here, await exported(there));
    if (changes.here !== undefined) await take(here, functionOf("f", changes.here), "overwrite");
    if (changes.there !== undefined) await take(there, functionOf("f", changes.there), "overwrite");
    return { here, text: await exported(there) };
  }

  it("is found when both changed, shown with its difference, and left alone unless asked", async () => {
    const { here, text } = await teams({ there: "2", here: "3" });
    const plan = await planOf(here, text);
    expect(plan.counts).toEqual({ conflict: 1 });
    expect(plan.entries).toEqual([
      {
        kind: "function",
        name: "f",
        action: "conflict",
        conflict: true,
        why: "both changed since they were the same; the team's is left as it is",
        version_here: 2,
        version_there: 2,
        calls: [],
        diff: ' description: ""\n-definition: "def f: 3;"\n+definition: "def f: 2;"\n parameters: []',
        line: plan.entries[0]?.line,
      },
    ]);
    const report = await take(here, text);
    expect([report.skipped, await definitionOf(here, "f")]).toEqual([
      [{ kind: "function", name: "f", why: "both changed since they were the same; the team's is left as it is" }],
      "def f: 3;",
    ]);
  });

  it("is no conflict when only one side changed", async () => {
    const newer = await teams({ there: "2" });
    for (const strategy of ["skip", "newest", "rename"] as const)
      expect(actions((await planOf(newer.here, newer.text, strategy)).entries)).toEqual(["update f"]);
    expect(ids((await take(newer.here, newer.text)).updated)).toEqual(["f"]);
    const older = await teams({ here: "3" });
    for (const strategy of ["skip", "newest", "rename"] as const) {
      const [entry] = (await planOf(older.here, older.text, strategy)).entries;
      expect([entry?.action, entry?.why]).toEqual(["skip", "the team has moved on from it to version 2 here"]);
    }
    expect(ids((await take(older.here, older.text, "overwrite")).updated)).toEqual(["f"]);
  });

  it("is settled by overwrite, by newest and by rename", async () => {
    const first = await teams({ there: "2", here: "3" });
    expect(ids((await take(first.here, first.text, "overwrite")).updated)).toEqual(["f"]);
    expect(await definitionOf(first.here, "f")).toBe("def f: 2;");

    const second = await teams({ there: "2", here: "3" });
    const future = second.text.replace(/"updated_at": "[^"]*"/, '"updated_at": "2100-01-01T00:00:00.000Z"');
    const past = second.text.replace(/"updated_at": "[^"]*"/, '"updated_at": "2001-01-01T00:00:00.000Z"');
    expect(actions((await planOf(second.here, past, "newest")).entries)).toEqual(["skip f"]);
    expect(actions((await planOf(second.here, future, "newest")).entries)).toEqual(["update f"]);
    const unsaid = await planOf(second.here, functionOf("f", "9"), "newest");
    expect([unsaid.entries[0]?.action, unsaid.entries[0]?.why]).toEqual([
      "conflict",
      "the team has something else under this name, and the file does not say when its own changed (updated_at)",
    ]);
    expect(ids((await take(second.here, future, "newest")).updated)).toEqual(["f"]);

    const third = await teams({ there: "2", here: "3" });
    expect((await take(third.here, third.text, "rename")).renamed).toEqual([
      { kind: "function", name: "f", as: "f_imported" },
    ]);
    expect([await definitionOf(third.here, "f"), await definitionOf(third.here, "f_imported")]).toEqual([
      "def f: 3;",
      "def f_imported: 2;",
    ]);
  });

  it("is a change made by hand to an export that the team still has", async () => {
    const { here, text } = await teams({});
    const edited = text.replace("def f: 1;", "def f: 1 + 1;");
    expect(actions((await planOf(here, edited)).entries)).toEqual(["update f"]);
  });

  it("concerns no pin and no weight, which are each team's own", async () => {
    const [there, here] = [await freshTeam(), await freshTeam()];
    const tool = "tools: [{name: t, description: d, query: '1', pinned: true, weight: 3}]";
    await take(there, tool);
    await take(here, "tools: [{name: t, description: d, query: '1'}]");
    const text = await exported(there);
    expect((await planOf(here, text)).entries[0]).toMatchObject({
      action: "skip",
      why: "only pinned or weight differ, which stay the team's",
    });
    expect(actions((await planOf(here, text, "overwrite")).entries)).toEqual(["update t"]);
    expect(actions((await planOf(there, await exported(here))).entries)).toEqual(["same t"]);
  });
});

describe("rename", () => {
  const theirs = JSON.stringify({
    functions: [
      { name: "f", definition: 'def f: if . > 0 then . - 1 | f else "f" end;' },
      { name: "g", definition: "def g: [f, .f?];", depends_on: ["f"] },
      { name: "h", definition: "def h: 1;" },
    ],
    tools: [
      { name: "t", description: "uses f", query: '"f \\(2 | f)", g # f', required_functions: ["f", "g"] },
      { name: "u", description: "d", query: "h" },
      { name: "v", description: "theirs", query: "h" },
    ],
  });

  it("gives new names to what conflicts and to what calls it, and writes them into every call", async () => {
    const team = await freshTeam();
    await take(
      team,
      JSON.stringify({
        functions: [
          { name: "f", definition: 'def f: "own";' },
          { name: "g", definition: "def g: [f, .f?];" },
        ],
        tools: [{ name: "v", description: "own", query: "1" }],
      }),
    );
    const plan = await planOf(team, theirs, "rename");
    expect(actions(plan.entries)).toEqual([
      "rename f as f_imported",
      "rename g as g_imported",
      "create h",
      "create t",
      "create u",
      "rename v as v_imported",
    ]);
    const report = await take(team, theirs, "rename");
    expect([report.failed, ids(report.created)]).toEqual([[], ["h", "t", "u"]]);
    const { functions, tools } = (await team.call("admin")).catalogue;
    expect(functions.get("f_imported")?.definition).toBe(
      'def f_imported: if . > 0 then . - 1 | f_imported else "f" end;',
    );
    expect(functions.get("g_imported")).toMatchObject({
      definition: "def g_imported: [f_imported, .f?];",
      depends_on: ["f_imported"],
    });
    expect(tools.get("t")).toMatchObject({
      query: '"f \\(2 | f_imported)", g_imported # f',
      required_functions: ["f_imported", "g_imported"],
    });
    expect([functions.get("f")?.definition, tools.get("v")?.description]).toEqual(['def f: "own";', "own"]);
    // Again, it finds what it left.
    expect((await planOf(team, theirs, "rename")).counts).toEqual({ same: 6 });
  });

  it("passes over names that the file uses, that are out of use and that are not shown", async () => {
    const team = await freshTeam();
    await take(
      team,
      `${functionOf("f", "0")}\n---\ntools: [{name: t, description: own, query: '1'}, {name: t_imported, description: hidden, query: '1'}]`,
    );
    const admin = await team.call("admin");
    await admin.stub.visibility().set({ kind: "tool", name: "t_imported", visibility: ["ada"] }, callerOf(admin));
    await take(team, functionOf("f_imported", "7"));
    await admin.stub.functions().deactivate("f_imported", callerOf(admin));
    const text =
      "functions: [{name: f, definition: 'def f: 5;'}]\ntools: [{name: t, description: f_imported_2, query: f}]";
    const context = await team.call("admin", "bob");
    const { plan } = await planImport(context, { content: text, strategy: "rename" });
    expect(actions(plan.entries)).toEqual(["rename f as f_imported_3", "rename t as t_imported_2"]);
  });
});
