// What programs touch and what plans cost, by rows of EXPLAIN as SQLite gives them. Runs in workerd.
import { describe, expect, it } from "vitest";
import { analyseProgram, type ExplainRow } from "./guard.ts";
import { aliasesOf, type PlanRow, planCost } from "./plan.ts";
import { parseStatement } from "./statement.ts";

function program(text: string): ExplainRow[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [addr = "", opcode = "", p1 = "", p2 = "", p3 = "", ...p4] = line.trim().split(" ");
      return { addr: Number(addr), opcode, p1: Number(p1), p2: Number(p2), p3: Number(p3), p4: p4.join(" ") };
    });
}

describe("analyseProgram", () => {
  it("gathers what a reading program opens, calls and says", () => {
    const found = analyseProgram(
      program(`0 Init 0 9 0
        1 OpenRead 0 2 0 4
        2 OpenRead 1 3 0 k(2,,)
        3 VOpen 2 0 0 vtab:AB
        4 OpenEphemeral 3 2 0
        5 Function 0 4 1 upper(1)
        6 AggStep 0 4 1 Count(-1)
        7 String8 0 1 0 open
        8 Halt 0 0 0
        9 Transaction 0 0 10`),
    );
    expect(found).toMatchObject({
      ...{ isWrite: false, forbidden: [], reads: new Set([2, 3]), writes: new Set(), virtual: new Set(["vtab:AB"]) },
      ...{ functions: new Set(["upper", "count"]), texts: new Set(["open"]) },
    });
  });

  it("tells triggers of the server from what foreign keys do", () => {
    const found = analyseProgram(
      program(`0 Init 0 5 0
        1 OpenWrite 0 2 0 4
        2 Program 1 3 4 program
        3 Transaction 0 1 10
        0 Init 0 1 0 -- TRIGGER sd_h_1
        1 OpenWrite 0 7 0 2
        2 String8 0 1 0 update
        0 Init 0 1 0
        1 OpenWrite 0 4 0 2`),
    );
    expect([found.isWrite, [...found.writes], [...found.triggers.writes], [...found.texts]]).toEqual([
      true,
      [2, 4],
      [7],
      [],
    ]);
  });

  it("knows what changes more than rows, and other databases", () => {
    const found = analyseProgram(
      program(`0 Init 0 5 0
        1 Clear 4 0 -1 u
        2 OpenRead 0 1 1 5
        3 ParseSchema 0 0 0
        4 VUpdate 1 5 1 vtab:AB
        5 Transaction 0 1 10`),
    );
    expect([[...found.writes], [...found.reads], found.forbidden, [...found.virtualWrites]]).toEqual([
      [4],
      [-1],
      ["ParseSchema"],
      ["vtab:AB"],
    ]);
  });
});

/** A plan as the lines of its tree: two blanks for each level, and a guess in brackets. */
function plan(text: string): PlanRow[] {
  const parents: number[] = [0];
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      const [, blanks = "", guess, detail = ""] = /^( *)(?:\[(\d+)\] )?(.*)$/.exec(line) ?? [];
      const level = blanks.length / 2;
      parents[level + 1] = index + 1;
      return { id: index + 1, parent: parents[level] ?? 0, notused: Number(guess ?? 216), detail };
    });
}

const rows = new Map(Object.entries({ t: 1_000, u: 200, f: 50_000, t_fts: 1_000 }));

describe("planCost", () => {
  it.each<[string, string, string, number]>([
    ["one loop", "SELECT * FROM t", "SCAN t", 1_000],
    ["loops within loops", "SELECT * FROM t, u", "SCAN t\nSCAN u", 1_000 + 200_000],
    ["aliases", "SELECT * FROM t AS a, u b", "SCAN a\nSCAN b", 1_000 + 200_000],
    ["an unknown name as the largest there is", "SELECT 1", "SCAN nobody", 50_000],
    ["a search for a value", "SELECT * FROM t, u", "SCAN t\nSEARCH u USING INDEX x (a=?)", 2_000],
    [
      "a search for a range",
      "SELECT * FROM t, u",
      "SCAN t\nSEARCH u USING INTEGER PRIMARY KEY (rowid>?)",
      1_000 + 200_000,
    ],
    ["a correlated subquery", "SELECT * FROM t, u", "SCAN t\nCORRELATED SCALAR SUBQUERY 1\n  SCAN u", 1_000 + 200_000],
    ["a subquery of its own", "SELECT * FROM t, u", "SCAN t\nSCALAR SUBQUERY 1\n  SCAN u", 1_200],
    ["one row of an aggregate", "SELECT 1", "CO-ROUTINE g\n  SCAN t\n[16] SCAN g\nSCAN t", 1_000 + 2 + 2_000],
    ["a limit", "SELECT 1", "CO-ROUTINE g\n  SCAN t\n[39] SCAN g\nSCAN t", 1_000 + 6 + 6_000],
    ["groups", "SELECT 1", "MATERIALIZE g\n  SCAN f\n[82] SCAN g", 50_000 + 500],
    [
      "a frame by its rows",
      "SELECT 1",
      "MATERIALIZE f\n  SCAN sd_f_3\n  [0] SCAN json_each VIRTUAL TABLE INDEX 1:\nSCAN f",
      100_000,
    ],
    [
      "parts of a compound",
      "SELECT 1",
      "CO-ROUTINE x\n  COMPOUND QUERY\n    LEFT-MOST SUBQUERY\n      SCAN t\n    UNION ALL\n      SCAN u\nSCAN x",
      1_200 + 1_200,
    ],
    [
      "ways of an OR",
      "SELECT 1",
      "MULTI-INDEX OR\n  INDEX 1\n    SEARCH t USING INDEX a (a=?)\n  INDEX 2\n    SEARCH t USING INDEX b (b=?)",
      2,
    ],
    ["rows of VALUES", "SELECT 1", "SCAN 3-ROW VALUES CLAUSE", 3],
    ["a value's items", "SELECT 1", "SCAN u\n[0] SCAN json_each VIRTUAL TABLE INDEX 1:", 200 + 4_000],
    [
      "full-text search",
      "SELECT 1",
      "SCAN t_fts VIRTUAL TABLE INDEX 0:M1\nSEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
      2_000,
    ],
    ["a row of full-text search", "SELECT 1", "SCAN t\nSCAN t_fts VIRTUAL TABLE INDEX 0:=", 2_000],
  ])("counts %s", (_what, sql, text, steps) => {
    const sizes = { rows, aliases: aliasesOf(parseStatement(sql)), recursionRows: 100_000 };
    expect(planCost(plan(text), sizes).steps).toBe(steps);
  });

  it("finds recursions, their steps and their starts, and whose they are", () => {
    const text =
      "CO-ROUTINE c\n  SETUP\n    SCAN CONSTANT ROW\n  RECURSIVE STEP\n    SCAN c\n    SCAN u\nSCAN c\nRECURSIVE STEP\n  SCAN t";
    const cost = planCost(plan(text), { rows, aliases: new Map(), recursionRows: 100 });
    expect(cost.recursions).toEqual([
      { name: "c", stepCost: 200, setupCost: 1 },
      { name: "", stepCost: 1, setupCost: 0 },
    ]);
    expect(cost.steps).toBe(1 + 100 * 200 + 100 + 1_000);
  });

  it("takes names before words for aliases, and no keywords", () => {
    const aliases = aliasesOf(parseStatement('SELECT a.x y FROM t AS a JOIN "u" b ON 1 WHERE t GROUP BY z'));
    const of = (alias: string) => [...(aliases.get(alias) ?? [])];
    expect([of("b"), of("y"), of("a").includes("t")]).toEqual([["u"], ["x"], true]);
    expect(aliases.has("group")).toBe(false);
  });
});
