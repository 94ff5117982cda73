// The function library through its MCP tools and the team's object: saving, history, races, other roles and teams.
import { describe, expect, it } from "vitest";
import { aCaller, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { describeError } from "../../core/errors.ts";
import { makeToken } from "../access/token.ts";
import { functionTools, saveFunction } from "./tools.ts";

const by = aCaller();

describe("save_function", () => {
  it("creates, leaves the same content unchanged, and updates", async () => {
    const team = await freshTeam();
    const first = { name: "double", definition: "def double: . * 2;", description: "Twice." };
    const created = await useTool(await team.call("admin"), "save_function", first);
    expect(created.text).toBe("Created double, version 1.");
    expect((await useTool(await team.call("admin"), "save_function", first)).text).toBe(
      "double is unchanged: version 1 already holds this.",
    );
    const changed = { name: "double", definition: "def double: . + .;", reason: "strings too" };
    expect((await useTool(await team.call("admin", "bob"), "save_function", changed)).text).toBe(
      "Updated double, version 2.",
    );
    const { function: found, versions } = await (await team.call("admin")).stub
      .functions()
      .history("double", { limit: 10 });
    expect({ ...found, id: "", created_at: "", updated_at: "" }).toEqual({
      id: "",
      name: "double",
      definition: "def double: . + .;",
      arity: 0,
      description: "Twice.",
      parameters: [],
      depends_on: [],
      version: 2,
      is_active: true,
      source: "manual",
      created_by: "ada",
      created_at: "",
      updated_by: "bob",
      updated_at: "",
      revision: 2,
    });
    expect(versions.map(({ version, action, author, reason }) => ({ version, action, author, reason }))).toEqual([
      { version: 2, action: "update", author: "bob", reason: "strings too" },
      { version: 1, action: "create", author: "ada", reason: null },
    ]);
  });

  it("refuses a change that breaks dependants and saves nothing", async () => {
    const team = await freshTeam();
    await useTool(await team.call("admin"), "save_function", { name: "base", definition: "def base($a): $a;" });
    await useTool(await team.call("admin"), "save_function", { name: "user", definition: "def user: base(1);" });
    await (await team.call("admin")).stub.tools().save({ name: "t", description: "d", query: "user + base(2)" }, by);
    const change = { name: "base", definition: "def base: 1;" };
    const expected = {
      code: "jq_breaks_dependants",
      message:
        "Saving base like this would break 2 that use it: function user (line 1, column 11: base is called with 1 argument; it takes 0.); tool t (line 1, column 8: base is called with 1 argument; it takes 0.).",
    };
    const call = await team.call("admin");
    expect(await rejection(useTool(call, "save_function", change))).toEqual(expected);
    // The object says the same to a Worker that did not look.
    expect(await rejection(Promise.resolve(call.stub.functions().save(change, by)))).toEqual(expected);
    const deactivation = await rejection(Promise.resolve(call.stub.functions().deactivate("base", by)));
    expect(deactivation.code).toBe("jq_breaks_dependants");
    const after = await team.call("admin");
    expect([after.catalogue.functions.get("base")?.version, after.catalogue.revision]).toEqual([
      1,
      call.catalogue.revision,
    ]);
  });

  it("asks the engine about the function and about what depends on it", async () => {
    const team = await freshTeam();
    await useTool(await team.call("admin"), "save_function", { name: "base", definition: "def base: 1;" });
    await useTool(await team.call("admin"), "save_function", { name: "user", definition: "def user: base;" });
    const programs: string[] = [];
    await saveFunction(await team.call("admin"), { name: "base", definition: "def base: 2;" }, async (program) => {
      programs.push(program);
    });
    expect(programs).toEqual(["def base: 2;\n.", "def base: 2;\ndef user: base;\n."]);
  });

  it("lets one of two racing saves make a circle, and neither half of it stays", async () => {
    const team = await freshTeam();
    for (const name of ["a", "b"])
      await useTool(await team.call("admin"), "save_function", { name, definition: `def ${name}: 1;` });
    const [one, two] = [await team.call("admin"), await team.call("admin")];
    const results = await Promise.allSettled([
      useTool(one, "save_function", { name: "a", definition: "def a: b;" }),
      useTool(two, "save_function", { name: "b", definition: "def b: a;" }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [failed] = results.flatMap((result) => (result.status === "rejected" ? [describeError(result.reason)] : []));
    expect(failed?.code).toBe("jq_cycle");
    expect([
      "Functions would call each other in a circle: a -> b -> a.",
      "Functions would call each other in a circle: b -> a -> b.",
    ]).toContain(failed?.message);
  });

  it("is for members, by its permission", () => {
    expect(functionTools.map(({ name, permission, toolset }) => [name, permission, toolset])).toEqual([
      ["list_functions", "data:read", "jq"],
      ["get_function", "data:read", "jq"],
      ["save_function", "library:write", "jq"],
    ]);
  });

  it("saves a batch as one change, the failing entries apart", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    const results = await stub.functions().saveAll(
      [
        { name: "a", definition: "def a: 1;" },
        { name: "bad", definition: "def bad: nope;" },
        { name: "b", definition: "def b: a;" },
        { name: "a", definition: "def a: 2;" },
        { name: "a", definition: "def a: b;" },
      ],
      by,
    );
    expect(results.map((result) => ("saved" in result ? result.saved.outcome : result.error.code))).toEqual([
      "created",
      "jq_unknown_name",
      "created",
      "updated",
      "jq_cycle",
    ]);
    const { catalogue } = await team.call("admin");
    expect([catalogue.revision, [...catalogue.functions.values()].map(({ definition }) => definition)]).toEqual([
      1,
      ["def a: 2;", "def b: a;"],
    ]);
  });

  it("refuses functions that are too large, one by one and all together", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    const definition = (name: string, text: string): string => `def ${name}: "${text}";`;
    const one = { name: "f", definition: definition("f", "€".repeat(40_000)) };
    expect(await rejection(Promise.resolve(stub.functions().save(one, by)))).toEqual({
      code: "too_large",
      message: "The function f is 120018 bytes as JSON; the limit is 98304 (limit entryBytes).",
    });
    const names = Array.from({ length: 45 }, (_, at) => `f${at}`);
    const big = names.map((name) => ({ name, definition: definition(name, "€".repeat(32_000)) }));
    const results = await stub.functions().saveAll(big, by);
    const failed = results.flatMap((result) => ("error" in result ? result.error : []));
    expect([failed.length, failed[0]?.code, failed[0]?.message]).toEqual([
      2,
      "too_large",
      "The team's functions would be 4224870 bytes as JSON; the limit is 4194304 (limit functionsBytes).",
    ]);
    // What is stored is counted as what was checked.
    const [last] = await stub.functions().saveAll([{ ...big[44], name: "f44" } as (typeof big)[number]], by);
    expect(last !== undefined && "error" in last ? last.error.message : "").toBe(failed[0]?.message);
  });

  it("refuses unknown arguments", async () => {
    const team = await freshTeam();
    const args = { name: "f", definition: "def f: 1;", team: "other" };
    expect(await rejection(useTool(await team.call("admin"), "save_function", args))).toEqual({
      code: "invalid_argument",
      message: 'save_function: Unrecognized key: "team"',
    });
  });
});

describe("deactivate and restore", () => {
  it("begins a function anew that is saved over a deactivated one, and says so", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    await stub.functions().save({ name: "f", definition: "def f($a): 1;", description: "Old." }, by);
    await stub.functions().deactivate("f", by);
    const { text, data } = await useTool(await team.call("admin"), "save_function", {
      name: "f",
      definition: "def f($a): 1;",
    });
    expect(text).toBe(
      "Updated f($a), version 3. It was deactivated and is in use again; nothing of its old definition was kept.",
    );
    expect(data.function).toMatchObject({ description: "", is_active: true, version: 3 });
  });

  it("leaves deactivated functions out for a Worker that knows nothing yet", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    await stub.functions().save({ name: "f", definition: "def f: 1;" }, by);
    await stub.functions().save({ name: "g", definition: "def g: 1;" }, by);
    await stub.functions().deactivate("f", by);
    const { token, hash, prefix } = await makeToken();
    expect(token.length > 0).toBe(true);
    const grant = { username: "eve", role: "viewer", label: "test", hash, prefix, expiresAt: null } as const;
    await team.client.access().createToken(grant, by);
    const changes = async (known: { incarnation?: string; revision?: number }): Promise<string[]> => {
      const entry = await team.client.enter({ credential: { kind: "token", hash }, ...known });
      const { functions } = JSON.parse(entry?.changes ?? "{}") as { functions: { name: string }[] };
      return functions.map(({ name }) => name);
    };
    expect(await changes({})).toEqual(["g"]);
    const { incarnation } = (await team.call("admin")).catalogue;
    expect((await changes({ incarnation, revision: 0 })).sort()).toEqual(["f", "g"]);
  });

  it("takes a function out of use and back, and checks it again", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    await stub.functions().save({ name: "base", definition: "def base: 1;" }, by);
    await stub.functions().save({ name: "user", definition: "def user: base;" }, by);
    await stub.functions().deactivate("user", by, "not needed");
    await stub.functions().deactivate("base", by);
    expect([...(await team.call("admin")).catalogue.functions.keys()]).toEqual([]);
    expect(await rejection(Promise.resolve(stub.functions().restore("user", by)))).toEqual({
      code: "jq_unknown_name",
      message:
        "line 1, column 11: there is no function base with no arguments, neither in jq nor in the team's library.",
    });
    await stub.functions().restore("base", by);
    const { function: restored } = await stub.functions().restore("user", by);
    expect([restored.is_active, restored.version, restored.depends_on]).toEqual([true, 3, ["base"]]);
    const { versions } = await stub.functions().history("user", { limit: 2, before: 3 });
    expect(versions.map(({ action, reason }) => [action, reason])).toEqual([
      ["deactivate", "not needed"],
      ["create", null],
    ]);
  });

  it("names near functions for one that is not there", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    await stub.functions().save({ name: "margin", definition: "def margin: 1;" }, by);
    expect(await rejection(useTool(await team.call("admin"), "get_function", { name: "margins" }))).toEqual({
      code: "not_found",
      message: "The library has no function margins.",
    });
  });

  it("keeps teams apart", async () => {
    const [mine, other] = [await freshTeam(), await freshTeam()];
    await useTool(await mine.call("admin"), "save_function", { name: "secret", definition: "def secret: 1;" });
    const call = await other.call("owner");
    expect((await useTool(call, "list_functions", {})).text).toBe("0 of 0 functions");
    expect((await rejection(useTool(call, "get_function", { name: "secret" }))).code).toBe("not_found");
  });
});

describe("list_functions and get_function", () => {
  it("lists by words, in pages", async () => {
    const team = await freshTeam();
    for (const name of ["alpha", "beta", "delta"])
      await useTool(await team.call("admin"), "save_function", {
        name,
        definition: `def ${name}($x): $x;`,
        description: `The ${name} rate.`,
      });
    const call = await team.call("admin");
    const first = await useTool(call, "list_functions", { query: "rate", limit: 2 });
    const cursor = first.data.next_cursor;
    expect(first.text).toBe(
      `2 of 3 functions\n|signature|description|depends_on|\n|-|-|-|\n|alpha($x)|The alpha rate.||\n|beta($x)|The beta rate.||\nMore: the same call with cursor ${cursor}`,
    );
    expect((await useTool(call, "list_functions", { query: "rate", limit: 2, cursor })).data).toEqual({
      functions: [
        { name: "delta", signature: "delta($x)", description: "The delta rate.", depends_on: [], version: 1 },
      ],
      returned: 1,
      total: 3,
      truncated: false,
    });
    expect((await useTool(call, "list_functions", { query: "ALPHA rate" })).data.total).toBe(1);
  });

  it("shows a function with what uses it", async () => {
    const team = await freshTeam();
    const { stub } = await team.call("admin");
    await stub.functions().save(
      {
        name: "base",
        definition: "def base($n): $n;\n",
        description: "The base.",
        parameters: [{ name: "n", type: "number" }],
      },
      by,
    );
    await stub.functions().save({ name: "user", definition: "def user: base(1);" }, by);
    await stub.tools().save({ name: "t", description: "d", query: "user" }, by);
    const { text, data } = await useTool(await team.call("viewer"), "get_function", { name: "base" });
    expect(data.dependants).toEqual({ functions: ["user"], tools: ["t"] });
    expect(text.replace(/\d{4}-[^|]+Z/, "TIME")).toBe(
      [
        "base($n) · v1 · The base.",
        "```jq\ndef base($n): $n;\n```",
        "- $n: number",
        "Calls: no other library function",
        "Used by functions: user; by tools: t",
        "|version|action|author|created_at|reason|",
        "|-|-|-|-|-|",
        "|1|create|ada|TIME||",
      ].join("\n"),
    );
  });
});
