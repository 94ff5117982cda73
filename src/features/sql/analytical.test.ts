// Queries that analysts write are answered, and answered right. Runs in workerd.
import { beforeAll, describe, expect, it } from "vitest";
import { moreQuestions } from "../../../test/fixtures/sql-more-questions.ts";
import { questions } from "../../../test/fixtures/sql-questions.ts";
import { type SqlWorld, sqlWorld, withRegions } from "../../../test/helpers/sql.ts";

let world: SqlWorld;
beforeAll(async () => {
  world = await withRegions(await sqlWorld());
});

const all = { ...questions, ...moreQuestions };

/** As the other SQLite says it: it has no booleans and no JSON values. */
function plain(value: unknown): unknown {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

describe("analytical queries", () => {
  it("are two hundred and more, each once", () => {
    const texts = Object.values(all).flatMap((list) => list.map(([sql]) => sql));
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBeGreaterThanOrEqual(200);
  });

  it.each(Object.entries(all))("are answered: %s", async (_name, list) => {
    const wrong: unknown[] = [];
    for (const [sql, expected] of list) {
      const answer = await world.ask(sql);
      if (answer.error !== undefined) wrong.push([sql, answer.error]);
      else {
        const rows = answer.rows.map((row) => Object.values(row as object).map(plain));
        if (expected !== undefined && JSON.stringify(rows) !== JSON.stringify(JSON.parse(expected)))
          wrong.push([sql, JSON.stringify(rows), expected]);
      }
    }
    expect(wrong).toEqual([]);
  });
});
