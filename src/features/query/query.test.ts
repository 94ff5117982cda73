// Queries over datasets as an assistant makes them: modes, pages, cursors, the cache, several datasets at once.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { testContext } from "../../../test/helpers/catalogue.ts";
import type { CallContext } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import type { Dataset } from "../datasets/schema.ts";
import { answerRows, datasetSource, type RowsQuery } from "./query.ts";

const by = {
  created_by: "ada",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_by: "ada",
  updated_at: "2026-01-01T00:00:00.000Z",
};
let serial = 0;

/** A dataset as ingest stores it: records as NDJSON, anything else as it is. */
async function store(kind: "records" | "whole", content: string, changes: Partial<Dataset> = {}): Promise<Dataset> {
  const key = `query-test/${++serial}`;
  await env.FILES.put(key, content);
  const bytes = new TextEncoder().encode(content).length;
  const schema = { fields: [], records_examined: 0, fields_cut: false };
  return {
    id: `dst_${serial}`,
    name: `d${serial}`,
    description: "",
    kind,
    format: "json",
    version: 1,
    etag: `"${key}"`,
    bytes,
    record_count: content.split("\n").length - 1,
    schema,
    sample: [],
    r2_key: key,
    deleted: false,
    revision: 1,
    ...by,
    ...changes,
  };
}

function contextOf(): CallContext {
  const { context } = testContext();
  return {
    ...context,
    team: "query-test",
    catalogue: { ...context.catalogue, team: "query-test", incarnation: `inc_${serial}` },
    files: env.FILES,
  };
}

function query(program: string, dataset: Dataset | undefined, changes: Partial<RowsQuery> = {}): RowsQuery {
  return {
    program,
    args: {},
    pure: true,
    source: dataset === undefined ? { kind: "none" } : { kind: "one", data: datasetSource(dataset) },
    input: "whole",
    nullInput: false,
    page: {},
    ...changes,
  };
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
  return "none";
}

const ndjson = (count: number): string => Array.from({ length: count }, (_, i) => `{"i":${i}}\n`).join("");

describe("what a program reads", () => {
  it("is an array of the records, each record, all of them through inputs, or the document", async () => {
    const list = await store("records", ndjson(3));
    const document = await store("whole", '{"data":[1,2]}');
    const rows = async (q: RowsQuery): Promise<unknown[]> => (await answerRows(contextOf(), q)).data.rows;
    expect(await rows(query("map(.i)", list))).toEqual([[0, 1, 2]]);
    expect(await rows(query(".i", list, { input: "records" }))).toEqual([0, 1, 2]);
    expect(await rows(query("[inputs.i] | add", list, { input: "records", nullInput: true }))).toEqual([3]);
    expect(await rows(query("., input", list, { nullInput: true }))).toEqual([null, [{ i: 0 }, { i: 1 }, { i: 2 }]]);
    expect(await rows(query(".data | add", document))).toEqual([3]);
    expect(await rows(query(".data | add", document, { input: "records" }))).toEqual([3]);
    expect(await rows(query("1 + 1", undefined))).toEqual([2]);
  });

  it("is one object of several datasets by name", async () => {
    const list = await store("records", ndjson(2), { name: "list" });
    const document = await store("whole", '{"k":"v"}', { name: 'do"c' });
    const empty = await store("records", "", { name: "empty" });
    const { data } = await answerRows(
      contextOf(),
      query(".", undefined, { source: { kind: "all", data: [list, document, empty].map(datasetSource) } }),
    );
    expect(data.rows).toEqual([{ list: [{ i: 0 }, { i: 1 }], 'do"c': { k: "v" }, empty: [] }]);
    expect(data.dataset).toBeUndefined();
  });

  it("is refused as a whole when too large, with the way round", async () => {
    const large = await store("records", "", { bytes: 5_000_000, name: "large" });
    await expect(answerRows(contextOf(), query(".", large))).rejects.toMatchObject({
      code: "dataset_too_large_for_whole",
      message: "large is 5000000 bytes; as a whole a program may read 4194304 (limit wholeInputBytes).",
      hint: expect.stringContaining('Pass input: "records"'),
    });
  });

  it("streams what is too large to keep", async () => {
    const large = await store("records", ndjson(60_000));
    expect(large.bytes).toBeGreaterThan(512 * 1024);
    const { data } = await answerRows(
      contextOf(),
      query("reduce inputs as $r (0; . + 1)", large, { input: "records", nullInput: true }),
    );
    expect(data.rows).toEqual([60_000]);
  });
});

describe("pages", () => {
  it("are parts of one result, up to its end", async () => {
    const dataset = await store("records", ndjson(45));
    const context = contextOf();
    const pages: unknown[][] = [];
    let cursor: string | undefined;
    do {
      const { data } = await answerRows(context, query(".[]", dataset, { page: { cursor } }));
      expect(data).toMatchObject({ total: 45, truncated: data.next_cursor !== undefined, returned: data.rows.length });
      pages.push(data.rows);
      cursor = data.next_cursor;
    } while (cursor !== undefined);
    expect(pages.map((page) => page.length)).toEqual([20, 20, 5]);
    expect(pages.flat()).toEqual(Array.from({ length: 45 }, (_, i) => ({ i })));
  });

  it("take further rows from the cache or a new run, beyond what one run keeps", async () => {
    const dataset = await store("records", ndjson(2500));
    const context = contextOf();
    const all: unknown[] = [];
    let cursor: string | undefined;
    do {
      const { data } = await answerRows(
        context,
        query(".i", dataset, { input: "records", page: { limit: 700, cursor } }),
      );
      all.push(...data.rows);
      cursor = data.next_cursor;
    } while (cursor !== undefined);
    expect(all).toEqual(Array.from({ length: 2500 }, (_, i) => i));
  });

  it("end with the version they began with, and belong to their query", async () => {
    const dataset = await store("records", ndjson(45));
    const context = contextOf();
    const { data } = await answerRows(context, query(".[]", dataset));
    const page = { cursor: data.next_cursor };
    const newer = { ...dataset, etag: '"newer"', version: 2 };
    expect(await codeOf(answerRows(context, query(".[]", newer, { page })))).toBe("cursor_stale");
    expect(await codeOf(answerRows(context, query(".[] | .i", dataset, { page })))).toBe("cursor_invalid");
    expect(await codeOf(answerRows(context, query(".[]", dataset, { page: { cursor: "zzz" } })))).toBe(
      "cursor_invalid",
    );
  });

  it("say when there is nothing", async () => {
    const { text, data } = await answerRows(contextOf(), query("empty", undefined));
    expect(data).toEqual({ rows: [], returned: 0, total: 0, truncated: false, input: "none", cached: false });
    expect(text).toBe("0 rows");
  });
});

describe("the cache", () => {
  it("answers a pure program again without running it, unless asked or impure", async () => {
    const dataset = await store("records", ndjson(3));
    const context = contextOf();
    const cached = async (changes: Partial<RowsQuery>): Promise<boolean> =>
      (await answerRows(context, query("length", dataset, changes))).data.cached;
    expect(await cached({})).toBe(false);
    expect(await cached({})).toBe(true);
    expect(context.execution).toMatchObject({ steps: 0, cached: true });
    expect(await cached({ page: { fresh: true } })).toBe(false);
    expect(await cached({ pure: false })).toBe(false);
    expect(await cached({ args: { x: "1" } })).toBe(false);
  });

  it("never answers one team from another's, though all else is the same", async () => {
    const dataset = await store("records", ndjson(3));
    const [ours, theirs] = [contextOf(), contextOf()];
    const other = { ...theirs, catalogue: { ...theirs.catalogue, incarnation: "inc_other" } };
    expect((await answerRows(ours, query(".[0]", dataset))).data.cached).toBe(false);
    expect((await answerRows(other, query(".[0]", dataset))).data.cached).toBe(false);
  });

  it("does not outlive a new version", async () => {
    const dataset = await store("records", ndjson(3));
    const context = contextOf();
    await answerRows(context, query("length", dataset));
    const { data } = await answerRows(
      context,
      query("length", await store("records", ndjson(4), { name: dataset.name })),
    );
    expect(data).toMatchObject({ rows: [4], cached: false });
  });
});

it("points out a row that is one long array, and numbers that doubles round", async () => {
  const dataset = await store("records", ndjson(30));
  const { data } = await answerRows(contextOf(), query(".", dataset));
  expect(data.notes).toEqual([
    "This one row is an array of 30 items; end the program with `| .[]` to get a row per item and page through them.",
  ]);
  const exact = await answerRows(contextOf(), query("9007199254740993", undefined));
  expect(JSON.stringify(exact.data.rows)).toBe("[9007199254740993]");
  expect(exact.data.notes).toEqual([
    "Numbers beyond double precision are exact in this answer's text; a client that reads them as doubles rounds them.",
  ]);
});

it("points out a row that is a short array of records, and no other short array", async () => {
  const context = contextOf();
  const notesOn = async (program: string) => (await answerRows(context, query(program, undefined))).data.notes;
  expect(await notesOn("[{a: 1}, {a: 2}]")).toEqual([
    "This one row is an array of 2 items; end the program with `| .[]` to get a row per item and page through them.",
  ]);
  expect(await notesOn("[{a: 1}]")).toBeUndefined();
  expect(await notesOn("[1, 2]")).toBeUndefined();
});
