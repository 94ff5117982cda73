// Runs of the playground in a real team: the examples it offers, what it runs and what not, and what the log says of it. Runs in workerd.
import { expect, it } from "vitest";
import { freshTeam, useTool } from "../../../../test/helpers/team.ts";
import type { CallContext } from "../../../context.ts";
import { download } from "./downloads.ts";
import { examplesFor } from "./examples.ts";
import { type Outcome, runState, runWrite } from "./running.ts";
import { blankState, type PlaygroundState } from "./state.ts";
import { findSubject, type Subject } from "./subject.ts";

const orders = [
  { id: 1, ordered_at: "2025-01-03T10:00:00Z", region: "Europe", amount: 10, "order by": "x" },
  { id: 2, ordered_at: "2025-01-20T10:00:00Z", region: "Asia", amount: 5.5, "order by": "y" },
  { id: 3, ordered_at: "2025-02-01T10:00:00Z", region: "Europe", amount: 2, "order by": null },
];
const sales = { name: "sales", by_month: [{ month: "2025-01", revenue: 3 }], days: [1, 2, 3] };

/** A team with both; `running` makes what runs a state, as a request of that person would. */
async function playTeam() {
  const team = await freshTeam();
  const owner = await team.call("owner");
  const ndjson = orders.map((order) => JSON.stringify(order)).join("\n");
  await useTool(owner, "create_dataset", { name: "orders", format: "ndjson", content: ndjson });
  await useTool(owner, "create_dataset", { name: "sales", format: "json", content: JSON.stringify(sales) });
  const running = async (asked: Partial<PlaygroundState>, changes: Partial<CallContext> = {}) => {
    const waiting: Promise<unknown>[] = [];
    const wait = { now: Date.now, waitUntil: (work: Promise<unknown>) => void waiting.push(work) };
    const call = { ...(await team.call()), ...wait, ...changes };
    const state = { ...blankState, ...asked };
    return { call, state, subject: await findSubject(call, state.dataset), settled: () => Promise.allSettled(waiting) };
  };
  return { ...team, owner, running };
}

function rowsOf(outcome: Outcome): readonly unknown[] {
  if (outcome.kind !== "rows" && outcome.kind !== "chart") throw new Error(JSON.stringify(outcome));
  return outcome.shown.rows;
}

/** The same data, as if it were too large to be read at once. */
const asLarge = (subject: Subject | undefined): Subject | undefined =>
  subject === undefined ? undefined : { ...subject, fits: false };

it("offers queries over records that run as they are, whatever the size", async () => {
  const { running } = await playTeam();
  const { call, subject } = await running({ dataset: "orders" });
  for (const shown of [subject, asLarge(subject)]) {
    if (shown === undefined) throw new Error("no subject");
    const found: Record<string, unknown> = {};
    for (const { label, state } of examplesFor(shown, "jq"))
      found[label] = rowsOf(await runState({ call, state, subject: shown }));
    expect(found).toMatchObject({
      "First 20 records": orders,
      "How many records": [3],
      "amount by month": [
        { month: "2025-01", amount: 15.5 },
        { month: "2025-02", amount: 2 },
      ],
      "amount by region": [
        { region: "Europe", amount: 12 },
        { region: "Asia", amount: 5.5 },
      ],
    });
    expect(Object.keys(found)).toHaveLength(5);
  }
});

it("offers queries over a document, and SQL over records", async () => {
  const { running } = await playTeam();
  const { call, subject } = await running({ dataset: "sales" });
  if (subject === undefined) throw new Error("no subject");
  const found: Record<string, unknown> = {};
  for (const { label, state } of examplesFor(subject, "jq"))
    found[label] = rowsOf(await runState({ call, state, subject }));
  expect(found).toEqual({
    "The whole document": [sales],
    "What is in it": [
      { field: "name", type: "string", size: 5 },
      { field: "by_month", type: "array", size: 1 },
      { field: "days", type: "array", size: 3 },
    ],
    "The list by_month": sales.by_month,
    "The list days": [1, 2, 3],
    "How days is spread": [1, 2, 3],
  });
  expect(examplesFor(subject, "sql")).toEqual([]);

  const records = await findSubject(call, "orders");
  if (records === undefined) throw new Error("no subject");
  const asked: Record<string, unknown> = {};
  for (const { label, state } of examplesFor(records, "sql"))
    asked[label] = rowsOf(await runState({ call, state, subject: records }));
  expect(asked).toMatchObject({
    "How many rows": [{ number: 3 }],
    "amount by region": [
      { region: "Europe", amount: 12, number: 2 },
      { region: "Asia", amount: 5.5, number: 1 },
    ],
    "amount by month": [
      { month: "2025-01", amount: 15.5 },
      { month: "2025-02", amount: 2 },
    ],
  });
  expect(Object.keys(asked)).toHaveLength(5);
});

it("shows the items of one list, binds parameters, and pages", async () => {
  const { running } = await playTeam();
  const one = await running({ dataset: "orders", q: "map(.id)" });
  expect(await runState(one)).toMatchObject({ kind: "rows", shown: { rows: [1, 2, 3], spread: true, total: 1 } });
  const bound = await running({ dataset: "orders", q: "map(select(.region == $r))[].id", params: '{"r": "Asia"}' });
  expect(rowsOf(await runState(bound))).toEqual([2]);
  const sql = await running({ lang: "sql", q: "SELECT id FROM orders WHERE region = ?", params: '["Asia"]' });
  expect(rowsOf(await runState(sql))).toEqual([{ id: 2 }]);
});

it("says what is wrong before it runs anything", async () => {
  const { running } = await playTeam();
  const failure = async (asked: Partial<PlaygroundState>) => {
    const outcome = await runState(await running(asked));
    return outcome.kind === "failed" ? { status: outcome.status, ...outcome.error } : outcome;
  };
  expect(await failure({ q: "." })).toEqual({
    status: 400,
    code: "invalid_argument",
    message: "Nothing was chosen for the program to read.",
    hint: "Choose a dataset, table or frame above the program.",
  });
  expect(await failure({ dataset: "orders", q: ".", params: "[1]" })).toEqual({
    status: 400,
    code: "invalid_argument",
    message: "The parameters are not JSON of the form they need.",
    hint: 'Write {"region": "Europe"}; texts in double quotes.',
  });
  expect(await failure({ dataset: "orders", q: ".[] |" })).toMatchObject({ code: "jq_syntax", details: { line: 1 } });
  expect(await failure({ q: "", dataset: "orders" })).toEqual({ kind: "none" });
  expect(await failure({ q: ".", dataset: "orders", run: false })).toEqual({ kind: "none" });
});

it("tells nobody of data that they do not see", async () => {
  const { owner, running } = await playTeam();
  await useTool(owner, "set_visibility", { kind: "dataset", name: "orders", visibility: "admin" });
  const failures = await Promise.all(
    ["orders", "no_such"].map(async (dataset) => {
      const asked = await running({ dataset, q: "." });
      return { subject: asked.subject, outcome: await runState(asked) };
    }),
  );
  const [hidden, missing] = failures.map(({ subject, outcome }) =>
    outcome.kind === "failed" ? { subject, status: outcome.status, message: outcome.error.message } : outcome,
  );
  expect(hidden).toEqual({ subject: undefined, status: 404, message: 'There is no table, frame or dataset "orders".' });
  expect(missing).toEqual({
    subject: undefined,
    status: 404,
    message: 'There is no table, frame or dataset "no_such".',
  });
});

it("changes nothing because an address was opened, and what is asked for by a form", async () => {
  const { owner, running } = await playTeam();
  const schema = { text: "text" };
  await useTool(owner, "create_table", { table_name: "notes", schema });
  const q = "INSERT INTO notes (id, text) VALUES (1, 'a') RETURNING id";
  const insert = await running({ lang: "sql", q });
  expect(await runState(insert)).toEqual({ kind: "write" });
  await expect(download(insert, "csv")).rejects.toThrow("A statement that changes rows gives no file.");
  const counted = async () =>
    rowsOf(await runState(await running({ lang: "sql", q: "SELECT count(*) AS n FROM notes" })));
  expect(await counted()).toEqual([{ n: 0 }]);
  expect(await runWrite(insert, new URLSearchParams({ dry_run: "yes" }))).toMatchObject({
    kind: "written",
    written: { changed: 1, tables: ["notes"], isDry: true },
  });
  expect(await counted()).toEqual([{ n: 0 }]);
  expect(await runWrite(insert, new URLSearchParams())).toMatchObject({
    written: { changed: 1, tables: ["notes"], isDry: false, shown: { rows: [{ id: 1 }] } },
  });
  expect(await counted()).toEqual([{ n: 1 }]);
});

it("explains both languages", async () => {
  const { running } = await playTeam();
  const jq = await runState(await running({ dataset: "orders", q: "map(.amount) | add", view: "explain" }));
  expect(jq).toMatchObject({ kind: "explained", explanation: { measured: { outputs: 1 }, failure: null } });
  const sql = await runState(await running({ lang: "sql", q: "SELECT id FROM orders", view: "explain" }));
  expect(sql.kind === "plan" && sql.steps.length > 0 && sql.steps[0]?.depth).toBe(0);
});

it("sends all rows as CSV and JSON", async () => {
  const { running } = await playTeam();
  const all = await running({ dataset: "orders", q: ".[] | {id, region}" });
  const csv = await download(all, "csv");
  expect(csv.headers.get("content-disposition")).toBe('attachment; filename="orders-result.csv"');
  expect(await csv.text()).toBe("id,region\r\n1,Europe\r\n2,Asia\r\n3,Europe\r\n");
  const list = await running({ dataset: "orders", q: "map(.id)" });
  expect(await (await download(list, "json")).text()).toBe("[\n1,\n2,\n3\n]\n");
  expect(await (await download(await running({ dataset: "orders", q: "empty" }), "json")).text()).toBe("[]\n");
  const sql = await running({ lang: "sql", q: "SELECT id, amount FROM orders ORDER BY id" });
  expect(await (await download(sql, "csv")).text()).toBe("id,amount\r\n1,10\r\n2,5.5\r\n3,2\r\n");
});

it("marks as text in CSV what a spreadsheet would run, and changes no number", async () => {
  const { running } = await playTeam();
  const texts = [
    '=HYPERLINK("x")',
    "+1+cmd|' /C calc'!A0",
    "-2+SUM(A1)",
    "@A1",
    "\t=1",
    "-5",
    "+49 30 1234",
    "a=b",
    "",
  ];
  const q = `${JSON.stringify(texts.map((text) => ({ "=name": text })))}[]`;
  const csv = await (await download(await running({ dataset: "orders", q }), "csv")).text();
  expect(csv.split("\r\n")).toEqual([
    "'=name",
    `"'=HYPERLINK(""x"")"`,
    "'+1+cmd|' /C calc'!A0",
    "'-2+SUM(A1)",
    "'@A1",
    "'\t=1",
    "-5",
    "+49 30 1234",
    "a=b",
    "",
    "",
  ]);
  const numbers = await running({ dataset: "orders", q: "[{n: -5}, {n: -1.5}][]" });
  expect(await (await download(numbers, "csv")).text()).toBe("n\r\n-5\r\n-1.5\r\n");
});

it("is in the execution log, and a run whose caller has gone is in it as cancelled", async () => {
  const { running, owner } = await playTeam();
  const left = AbortSignal.abort(new Error("the caller has gone"));
  const asked = await running({ dataset: "orders", q: ".[].id" });
  await runState(asked);
  await asked.settled();
  const gone = await running({ dataset: "orders", q: ".[].region" }, { signal: left });
  expect(await runState(gone)).toMatchObject({ kind: "failed", status: 500 });
  await gone.settled();
  const { data } = await useTool(owner, "list_executions", { tool: "query_dataset" });
  const logged = (data.executions as { error_code: string | null; success: boolean; parameters: string }[]).map(
    ({ success, error_code, parameters }) => ({ success, error_code, query: JSON.parse(parameters).query }),
  );
  expect(logged).toEqual([
    { success: false, error_code: "cancelled", query: ".[].region" },
    { success: true, error_code: null, query: ".[].id" },
  ]);
});
