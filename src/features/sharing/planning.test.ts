// Plans of an import, carrying them out exactly, and what is refused.
import { describe, expect, it } from "vitest";
import {
  actions,
  awkward,
  codeOf,
  contentsOf,
  definitionOf,
  functionOf,
  ids,
  planOf,
  take,
} from "../../../test/helpers/sharing.ts";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { describeError } from "../../core/errors.ts";
import { callerOf } from "../access/access.ts";
import { trustSigner } from "./calls.ts";
import { importLibrary } from "./importing.ts";
import { planImport } from "./planning.ts";

describe("a plan", () => {
  it("says what each entry becomes, in the order of calls, with its place and why", async () => {
    const team = await freshTeam();
    await take(team, functionOf("f", "1"));
    const text = [
      "tools:",
      "  - {name: t, description: d, query: 'outer'}",
      "  - {name: lost, description: d, query: '1 + nope'}",
      "  - {name: reads, description: d, query: '.', datasets: [absent]}",
      "  - {name: save_tool, description: d, query: '.'}",
      "functions:",
      "  - {name: outer, definition: 'def outer: f + 1;'}",
      "  - {name: f, definition: 'def f: 1;'}",
      "  - {name: bad, definition: 'def bad: nothing(1);'}",
      "  - {name: odd, definition: 'def odd'}",
    ].join("\n");
    const plan = await planOf(team, text);
    expect(plan).toMatchObject({ strategy: "skip", origin: { state: "unsigned" }, may_import: true });
    expect(actions(plan.entries)).toEqual([
      "same f",
      "create outer",
      "missing_dependency bad",
      "invalid odd",
      "create t",
      "missing_dependency lost",
      "create reads",
      "invalid save_tool",
    ]);
    expect(plan.entries.map(({ line, calls }) => [line, calls])).toEqual([
      [8, []],
      [7, ["f"]],
      [9, []],
      [10, []],
      [2, ["outer"]],
      [3, []],
      [4, []],
      [5, []],
    ]);
    expect(plan.entries[5]?.error).toMatchObject({
      column: 46,
      message: "there is no function nope with no arguments, neither in jq nor in the team's library.",
    });
    expect(plan.warnings).toEqual([
      {
        kind: "tool",
        name: "reads",
        message: "the dataset absent does not exist yet; calls that read it fail until it is uploaded",
      },
    ]);
    // A plan is only a plan.
    expect((await contentsOf(team)) as { tools: unknown[] }).toMatchObject({ tools: [] });
  });

  it("is imported exactly, or not at all once the team or the file is another", async () => {
    const team = await freshTeam();
    const text = functionOf("f", "1");
    const { plan } = await planOf(team, text);
    const refused = { code: "conflict", message: "The team or the file is no longer as it was when this was planned." };
    const importing = async (content: string) =>
      importLibrary(await team.call("admin"), { content }, { expectedPlan: plan });
    expect(await rejection(importing(functionOf("f", "2")))).toEqual(refused);
    await take(team, functionOf("other", "1"));
    expect(await rejection(importing(text))).toEqual(refused);
    const again = await planOf(team, text);
    const args = { content: text, expected_plan: again.plan };
    expect((await useTool(await team.call("admin"), "import_library", args)).data).toMatchObject({
      created: [{ kind: "function", name: "f" }],
    });
  });

  it("leaves what changes while it is carried out", async () => {
    const team = await freshTeam();
    await take(team, `${functionOf("f", "1")}\n---\ntools: [{name: t, description: d, query: f}]`);
    const stale = await team.call("admin");
    await take(
      team,
      "functions: [{name: f, definition: 'def f: 2;'}]\ntools: [{name: t, description: other, query: f}]",
      "overwrite",
    );
    const report = await importLibrary(stale, {
      content:
        "functions: [{name: f, definition: 'def f: 3;'}]\ntools: [{name: t, description: mine, query: f}, {name: n, description: d, query: f}]",
      strategy: "overwrite",
    });
    expect([ids(report.created), report.failed.map(({ code, message }) => `${code}: ${message}`)]).toEqual([
      ["n"],
      [
        "conflict: The function f was changed while this import was under way, so it was left as it is.",
        "conflict: The tool t was changed while this import was under way, so it was left as it is.",
      ],
    ]);
    expect(await definitionOf(team, "f")).toBe("def f: 2;");
  });

  it("of chosen names takes along what they call, and names what is not there", async () => {
    const team = await freshTeam();
    expect(ids((await take(team, awkward, "skip", ["tally"])).created)).toEqual(["yes", "tally"]);
    expect(ids((await take(team, awkward, "skip", ["everything"])).created)).toEqual(["ascii", "everything"]);
    expect(await rejection(take(team, awkward, "skip", ["plane"]))).toEqual({
      code: "not_found",
      message: "names: the file holds no plane.",
    });
  });

  it("tells who may not save what they would have to propose, before any work", async () => {
    const team = await freshTeam();
    const message = "As member you may not change the library directly: this team votes.";
    const { plan } = await planImport(await team.call("member"), { content: functionOf("f", "1") });
    expect([plan.may_import, plan.refusal?.message, actions(plan.entries)]).toEqual([false, message, ["create f"]]);
    const compile = (): Promise<never> => Promise.reject(new Error("compiled in vain"));
    const importing = importLibrary(await team.call("member"), { content: functionOf("f", "1") }, { compile });
    expect(await rejection(importing)).toEqual({ code: "forbidden", message });
  });

  it("says of a tool that is not shown only that its name is taken", async () => {
    const team = await freshTeam();
    await take(team, "tools: [{name: t, description: secret, query: '1'}]");
    const admin = await team.call("admin");
    await admin.stub.visibility().set({ kind: "tool", name: "t", visibility: ["ada"] }, callerOf(admin));
    const { plan } = await planImport(await team.call("admin", "bob"), {
      content: "tools: [{name: t, description: d, query: '2'}]",
      strategy: "overwrite",
    });
    expect(plan.entries[0]).toMatchObject({
      action: "invalid",
      error: { code: "already_exists", message: "The name t is taken." },
    });
  });
});

describe("what is refused", () => {
  const refused: [what: string, text: string, message: string][] = [
    [
      "a later format",
      'format: super-data-library\nformat_version: 2\nfunctions: [{name: f, definition: "def f: 1;"}]',
      "line 2, column 17: format_version: this server reads format_version 1; export it anew, or update the server",
    ],
    [
      "a head that is none",
      "functions: []\nmade_by:\n  team: a\n  colour: red",
      'line 3, column 3: made_by: origin: Invalid input: expected string, received undefined; exported_by: Invalid input: expected string, received undefined; exported_at: Invalid input: expected string, received undefined; Unrecognized key: "colour"',
    ],
    [
      "a head among several documents",
      "format: super-data-library\n---\nfunctions: []",
      "line 1, column 9: format belongs to a file of one document.",
    ],
    ["broken JSON", '{"functions": [}', "line 1, column 16: this cannot be read as YAML (BAD_INDENT)."],
  ];
  for (const [what, content, message] of refused) {
    it(`is ${what}`, async () => {
      const answer = await rejection(take(await freshTeam(), content));
      expect(answer).toEqual({ code: "invalid_argument", message });
    });
  }

  it("is text over the limit, through the tool as well", async () => {
    const team = await freshTeam();
    const content = `# ${"x".repeat(1_048_576)}\n${functionOf("f", "1")}`;
    const refusal = { code: "too_large", message: "The YAML is over 1048576 bytes (limit yamlBytes)." };
    for (const tool of ["plan_import", "import_library"])
      expect(await rejection(useTool(await team.call("admin"), tool, { content }))).toEqual(refusal);
  });

  it("is endless nesting, signed or not", async () => {
    const call = await (await freshTeam()).call("admin");
    const signature = {
      algorithm: "ed25519",
      public_key: "A".repeat(43),
      fingerprint: "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
      value: "A".repeat(86),
    };
    for (const depth of [300, 600, 1_000, 1_500, 20_000]) {
      const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
      const tool = `{"name": "t", "description": "d", "query": "\${p}", "parameters": [{"name": "p", "type": "array", "default": ${nested}}]}`;
      const plain = planImport(call, { content: `{"tools": [${tool}]}` }).then(
        ({ plan }) => plan.counts,
        describeError,
      );
      expect(["create", "invalid", "invalid_argument"]).toContain(codeOf(await plain));
      const signed = `{"tools": [${tool}], "signature": ${JSON.stringify(signature)}}`;
      expect((await rejection(planImport(call, { content: signed }))).code).toBe("invalid_argument");
    }
  });

  it("is a key that is none, and one too many", async () => {
    const call = await (await freshTeam()).call("admin");
    const key = (at: number): string => `${"A".repeat(39)}${String(at).padStart(3, "0")}A`;
    expect(await rejection(useTool(call, "trust_signer", { public_key: `${"A".repeat(42)}B`, name: "x" }))).toEqual({
      code: "invalid_argument",
      message: "public_key: this is no Ed25519 public key.",
    });
    for (let at = 0; at < 100; at++) await trustSigner(call, { public_key: key(at), name: `k${at}` });
    expect(await rejection(trustSigner(call, { public_key: key(100), name: "k" }))).toEqual({
      code: "too_large",
      message: "The team trusts 100 keys; the limit is 100 (limit signers).",
    });
    expect(await trustSigner(call, { public_key: key(5), name: "renamed" })).toMatchObject({ name: "renamed" });
  });
});
