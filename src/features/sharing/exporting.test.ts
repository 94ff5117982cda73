// Exports: round trips in both forms, what is in one, and who may see it.

import { describe, expect, it } from "vitest";
import { awkward, contentsOf, exported, functionOf, ids, take, textOf } from "../../../test/helpers/sharing.ts";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { callerOf } from "../access/access.ts";
import { type Bundle, exportLibrary } from "./exporting.ts";
import { readLibraryText } from "./library-text.ts";

describe("a round trip", () => {
  for (const format of ["json", "yaml"] as const) {
    it(`over ${format} gives an empty team the same library, and again changes nothing`, async () => {
      const [from, to] = [await freshTeam(), await freshTeam()];
      const made = await take(from, awkward);
      expect([made.failed, ids(made.created)]).toEqual([
        [],
        ["yes", "tally", "ascii", "alone", "everything", "all_of_it", "plain"],
      ]);
      const text = await exported(from, { format, sign: true });
      const report = await take(to, text);
      expect([report.failed, ids(report.created)]).toEqual([
        [],
        ["alone", "ascii", "yes", "tally", "all_of_it", "everything", "plain"],
      ]);
      expect(report.origin).toMatchObject({ state: "unknown_key", made_by: { team: from.slug, exported_by: "ada" } });
      expect(await contentsOf(to)).toEqual(await contentsOf(from));
      const again = await take(to, text, "overwrite");
      expect([again.unchanged.length, again.created, again.updated, again.failed]).toEqual([7, [], [], []]);
      // The same state gives the same bytes: only who made it, and when, is the team's own.
      const [a, b] = [JSON.parse(await exported(from)), JSON.parse(await exported(to))];
      const own = (entries: Record<string, unknown>[]) => entries.map(({ updated_at: _, ...rest }) => rest);
      expect([own(a.functions), own(a.tools)]).toEqual([own(b.functions), own(b.tools)]);
      expect(await exported(from, { format, sign: true })).toBe(text);
    });
  }

  it("keeps any text, in both forms", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const marks = [
      "\n",
      "\r",
      "\t",
      " ",
      ":",
      "#",
      "'",
      '"',
      "\\",
      "-",
      "|",
      ">",
      "&",
      "*",
      "!",
      "%",
      "@",
      "`",
      "{",
      "}",
      "[",
      "]",
      ",",
      "?",
      "~",
      "=",
      "0",
      "e",
      ".",
      "a",
      "é",
      "🎉",
      "\u0085",
      "\u00a0",
      "\u2028",
      "\ufeff",
      "\u0007",
      "\u007f",
    ];
    const text = (): string => Array.from({ length: random(12) }, () => marks[random(marks.length)] ?? "").join("");
    const tools = Array.from({ length: 300 }, (_, at) => ({
      name: `t${at}`,
      description: text(),
      query: text(),
      parameters: [
        {
          name: "p",
          type: "string" as const,
          default: { [text()]: [text(), random(2) === 0, null, 0.5 - random(9) / 7] },
        },
      ],
    }));
    const made_by = { team: "a", origin: text(), exported_by: text(), exported_at: "2026-01-01T00:00:00.000Z" };
    const bundle: Bundle = { format: "super-data-library", format_version: 1, made_by, functions: [], tools };
    for (const format of ["json", "yaml"] as const) {
      const { entries, head } = readLibraryText(textOf(bundle, format));
      expect(entries.map(({ value }) => value)).toEqual(tools);
      expect(head).toEqual({ format: "super-data-library", format_version: 1, made_by });
    }
  });
});

describe("an export", () => {
  it("holds what is named and all it reaches, by name, and nothing else", async () => {
    const team = await freshTeam();
    await take(team, awkward);
    const { tools, functions } = await exportLibrary(await team.call(), { what: "tools", names: ["everything"] });
    expect([ids(tools), ids(functions)]).toEqual([["everything"], ["ascii", "tally", "yes"]]);
    const one = await exportLibrary(await team.call(), { what: "functions", names: ["tally"] });
    expect([ids(one.tools), ids(one.functions)]).toEqual([[], ["tally", "yes"]]);
    expect(await rejection(exportLibrary(await team.call(), { names: ["plane"] }))).toEqual({
      code: "not_found",
      message: "There is no active plane to export.",
    });
  });

  it("leaves out what the caller is not shown and what is out of use", async () => {
    const team = await freshTeam();
    await take(team, awkward);
    const admin = await team.call("admin");
    await admin.stub.visibility().set({ kind: "tool", name: "plain", visibility: "admin" }, callerOf(admin));
    await admin.stub.tools().deactivate("all_of_it", callerOf(admin));
    expect(ids((await exportLibrary(await team.call("member"), {})).tools)).toEqual(["everything"]);
    expect(ids((await exportLibrary(await team.call("admin"), {})).tools)).toEqual(["everything", "plain"]);
    expect(await rejection(exportLibrary(await team.call("viewer"), { names: ["plain"] }))).toEqual({
      code: "not_found",
      message: "There is no active plain to export.",
    });
    expect(await rejection(exportLibrary(await team.call("viewer"), { sign: true }))).toEqual({
      code: "forbidden",
      message: "As viewer you may not sign for the team: it needs the role member or higher.",
    });
  });

  it("is shown whole by the tool, or as an address when it is too large", async () => {
    const team = await freshTeam();
    await take(team, functionOf("f", "1"));
    const small = await useTool(await team.call(), "export_library", {
      format: "yaml",
      names: ["f"],
      what: "functions",
    });
    const { content, bytes, url } = small.data as { content: string; bytes: number; url: string };
    expect([content.length, url]).toEqual([
      bytes,
      `https://data.test/t/${team.slug}/api/v1/library/functions.yaml?names=f`,
    ]);
    expect(small.text).toBe(
      `0 tools and 1 function, ${bytes} bytes, unsigned.\nTools: none. Functions: f.\n\`\`\`yaml\n${content.trimEnd()}\n\`\`\``,
    );
    const long = `tools: [${Array.from({ length: 40 }, (_, at) => `{name: t${at}, description: ${"d".repeat(900)}, query: '1'}`).join(",")}]`;
    await take(team, long);
    const large = await useTool(await team.call(), "export_library", {});
    expect(large.data.content).toBeUndefined();
    expect(large.text).toContain(
      `It is too large for a result (limit toolExportBytes, 32768). GET https://data.test/t/${team.slug}/api/v1/library/library.json with a token of this team, or pass names.`,
    );
  });
});

it("writes one canonical text for one value", () => {
  expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: "é\n", "": -0 })).toBe(
    '{"":0,"a":"é\\n","b":[1,{"c":null}]}',
  );
});
