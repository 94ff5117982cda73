import { beforeAll, describe, expect, it } from "vitest";
import { type FreshTeam, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { loadRows } from "../frame-files/frame-files.ts";

let team: FreshTeam;
let context: CallContext;

const orders: Column[] = [
  { name: "id", type: "int" },
  { name: "region", type: "text" },
  { name: "amount", type: "float", special: true },
  { name: "big", type: "int64" },
  { name: "price", type: "decimal", precision: 10, scale: 2 },
  { name: "day", type: "date" },
  { name: "paid", type: "bool" },
];
const orderRows: Row[] = [
  [1, "north", 10.5, "9007199254740993", "1.10", "2024-01-31", true],
  [2, "south", 20, "9007199254740994", "2.20", "2024-02-29", false],
  [3, "north", null, null, null, null, null],
  [4, null, "NaN", "1", "3.30", "2024-01-01", true],
  [5, "\u{1F600}", -1.5, "-5", "0.01", "2023-12-31", false],
  [6, "north", 10.5, "9007199254740993", "1.10", "2024-01-31", true],
];

async function put(name: string, columns: Column[], rows: Row[]): Promise<string> {
  const frame = await loadRows(context, {
    name,
    columns,
    rows,
    lineage: { operation: "test", inputs: [] },
    sources: [],
  });
  return frame.id;
}

/** Columns with their types, and the rows of the frame that was made, as it keeps them. */
async function run(tool: string, args: Record<string, unknown>) {
  const { data } = await useTool(context, tool, args);
  const { columns, total, data_ref } = data as {
    columns: { name: string; type: string }[];
    total: number;
    data_ref: string;
  };
  const { rows } = await context.workspace.frames().slice(data_ref, { ...context.actor, hidden: [] }, 0, 1_000);
  expect(total).toBe(rows.length);
  return {
    columns: columns.map(({ name, type }) => `${name} ${type}`).join(", "),
    names: columns.map(({ name }) => name),
    rows,
  };
}

const ids = async (tool: string, args: Record<string, unknown>) =>
  (await run(tool, { data_ref: "orders", ...args })).rows.map(([id]) => id);

beforeAll(async () => {
  team = await freshTeam();
  context = await team.call("member");
  await put("orders", orders, orderRows);
  await put(
    "regions",
    [
      { name: "region", type: "text" },
      { name: "id", type: "int64" },
      { name: "size", type: "int" },
    ],
    [
      ["north", "1", 100],
      ["north", "2", 200],
      ["west", "7", 300],
      [null, "4", 400],
    ],
  );
});

describe("rows that stay as they are", () => {
  it("filter keeps what is true, exactly as it was", async () => {
    expect(await ids("filter", { condition: "amount > 5" })).toEqual([1, 2, 4, 6]);
    expect(await ids("filter", { condition: "region != 'north'" })).toEqual([2, 5]);
    expect(await ids("filter", { condition: "region.isnull() or big = 9007199254740993" })).toEqual([1, 4, 6]);
    const { columns, rows } = await run("filter", { data_ref: "orders", condition: "id = 1" });
    expect(columns).toBe("id int, region text, amount float, big int64, price decimal(10, 2), day date, paid bool");
    const [only] = rows;
    expect(JSON.stringify(only)).toBe('[1,"north",10.5,"9007199254740993","1.10","2024-01-31",true]');
  });

  it("select keeps or drops columns", async () => {
    const args = { data_ref: "orders", columns: ["price", "ID"] };
    expect(await run("select", args)).toMatchObject({ columns: "price decimal(10, 2), id int" });
    const { columns } = await run("select", { data_ref: "orders", drop: ["big", "price", "day", "paid", "amount"] });
    expect(columns).toBe("id int, region text");
    expect(await rejection(run("select", { data_ref: "orders", columns: ["idd"] }))).toEqual({
      code: "not_found",
      message: 'There is no column "idd".',
    });
    expect(await rejection(run("select", { data_ref: "orders" }))).toEqual({
      code: "invalid_argument",
      message: "Give either columns, to keep, or drop, to leave out.",
    });
  });

  it("rename changes names alone, and refuses two that are alike", async () => {
    const { columns } = await run("rename", { data_ref: "regions", columns: { size: "Größe", id: "region_id" } });
    expect(columns).toBe("region text, region_id int64, Größe int");
    expect(await rejection(run("rename", { data_ref: "regions", columns: { size: "ID" } }))).toEqual({
      code: "invalid_argument",
      message: 'Two columns would be called "ID".',
    });
  });

  it("sort is stable, NaN is the greatest number, nulls go where they are told", async () => {
    expect(await ids("sort", { by: "amount" })).toEqual([5, 1, 6, 2, 4, 3]);
    expect(await ids("sort", { by: "amount", descending: true })).toEqual([4, 2, 1, 6, 5, 3]);
    expect(await ids("sort", { by: "amount", nulls: "first" })).toEqual([3, 5, 1, 6, 2, 4]);
    expect(await ids("sort", { by: ["region", "id"], descending: [false, true] })).toEqual([6, 3, 1, 2, 5, 4]);
    expect(await ids("sort", { by: "big" })).toEqual([5, 4, 1, 6, 2, 3]);
    expect(await ids("sort", { by: "price" })).toEqual([5, 1, 6, 2, 4, 3]);
  });

  it("distinct keeps the first of each", async () => {
    expect(await ids("distinct", { columns: "region" })).toEqual([1, 2, 4, 5]);
    expect(await ids("distinct", { columns: ["region", "amount"] })).toEqual([1, 2, 3, 4, 5]);
    expect(await ids("distinct", {})).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("sample draws the same rows for the same seed", async () => {
    const drawn = await ids("sample", { n: 3, seed: 7 });
    expect(drawn).toEqual([1, 2, 6]);
    expect(await ids("sample", { n: 3, seed: 7 })).toEqual(drawn);
    expect(await ids("sample", { fraction: 0.5, seed: 1 })).toHaveLength(3);
    expect(await ids("sample", { n: 50 })).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await rejection(run("sample", { data_ref: "orders" }))).toEqual({
      code: "invalid_argument",
      message: "Give either n or fraction.",
    });
  });
});

describe("rows that are computed", () => {
  it("derive adds and replaces, each expression seeing those before it", async () => {
    const made = await run("derive", {
      data_ref: "orders",
      columns: { twice: "amount * 2", more: "twice + 1", region: "upper(region)", product: "id * 9007199254740991" },
    });
    expect(made.columns).toBe(
      "id int, region text, amount float, big int64, price decimal(10, 2), day date, paid bool, twice float, more float, product int64",
    );
    expect(made.rows.map((row) => JSON.stringify([row[1], ...row.slice(7)]))).toEqual([
      '["NORTH",21,22,"9007199254740991"]',
      '["SOUTH",40,41,"18014398509481982"]',
      '["NORTH",null,null,"27021597764222973"]',
      '[null,"NaN","NaN","36028797018963964"]',
      '["\u{1F600}",-3,-2,"45035996273704955"]',
      '["NORTH",21,22,"54043195528445946"]',
    ]);
    expect(await rejection(run("derive", { data_ref: "orders", columns: { n: "CAST(region AS int)" } }))).toEqual({
      code: "expression_invalid",
      message: "Line 1, column 1: in row 1 the text is no int.\n  CAST(region AS int)\n  ^^^^^^^^^^^^^^^^^^^",
    });
  });

  it("groupby computes exactly; null is a group, NaN and null are no values", async () => {
    const made = await run("groupby", {
      data_ref: "orders",
      by: "region",
      aggregations: {
        n: { op: "size" },
        total: { column: "amount", op: "sum" },
        big: ["sum", "max", "nunique"],
        price: ["sum", "mean"],
        day: "min",
        paid: ["any", "all"],
        amount: ["count", "median", "std", "list"],
      },
    });
    expect(made.columns).toBe(
      "region text, n int, total float, big_sum int64, big_max int64, big_nunique int, price_sum decimal(38, 2), price_mean float, day_min date, paid_any bool, paid_all bool, amount_count int, amount_median float, amount_std float, amount_list json",
    );
    expect(made.rows.map((row) => JSON.stringify(row))).toEqual([
      '["north",3,21,"18014398509481986","9007199254740993",1,"2.20",1.1,"2024-01-31",true,true,2,10.5,0,[10.5,10.5]]',
      '["south",1,20,"9007199254740994","9007199254740994",1,"2.20",2.2,"2024-02-29",false,false,1,20,null,[20]]',
      '["\u{1F600}",1,-1.5,"-5","-5",1,"0.01",0.01,"2023-12-31",false,false,1,-1.5,null,[-1.5]]',
      '[null,1,null,"1","1",1,"3.30",3.3,"2024-01-01",true,true,0,null,null,[]]',
    ]);
    const counted = await run("groupby", { data_ref: "orders", by: ["region", "paid"], sort: false, dropna: true });
    expect(counted.rows).toEqual([
      ["north", true, 2],
      ["south", false, 1],
      ["\u{1F600}", false, 1],
    ]);
    const wrong = { data_ref: "orders", by: "region", aggregations: { day: "sum" } };
    expect(await rejection(run("groupby", wrong))).toEqual({
      code: "invalid_argument",
      message: 'sum needs numbers; the column "day" is date.',
    });
  });

  it("value_counts counts, the most frequent first", async () => {
    const made = await run("value_counts", { data_ref: "orders", columns: "region", normalize: true });
    expect(made.columns).toBe("region text, count int, proportion float");
    expect(made.rows).toEqual([
      ["north", 3, 0.5],
      ["south", 1, 1 / 6],
      ["\u{1F600}", 1, 1 / 6],
      [null, 1, 1 / 6],
    ]);
  });

  it("pivot lays values out as columns", async () => {
    const args = { data_ref: "orders", index: "region", columns: "paid", values: "big" };
    const made = await run("pivot", args);
    expect(made.columns).toBe("region text, false int64, true int64, null int64");
    expect(made.rows.map((row) => JSON.stringify(row))).toEqual([
      '["north",null,"18014398509481986",null]',
      '["south","9007199254740994",null,null]',
      '["\u{1F600}","-5",null,null]',
      '[null,null,"1",null]',
    ]);
    const many = Array.from({ length: 91 }, (_, n): Row => [n, 1]);
    await put(
      "many",
      [
        { name: "k", type: "int" },
        { name: "v", type: "int" },
      ],
      many,
    );
    expect(await rejection(run("pivot", { data_ref: "many", index: "v", columns: "k", values: "v" }))).toEqual({
      code: "too_large",
      message: 'The column "k" has 91 different values; a pivot makes 90 columns at most (limit pivotColumns).',
    });
  });

  it("fill_null fills by value and by method", async () => {
    const amounts = async (args: Record<string, unknown>) =>
      (await run("fill_null", { data_ref: "orders", ...args })).rows.map((row) => row[2]);
    expect(await amounts({ values: { amount: 0 } })).toEqual([10.5, 20, 0, "NaN", -1.5, 10.5]);
    expect(await amounts({ values: { amount: 0 }, nan: true })).toEqual([10.5, 20, 0, 0, -1.5, 10.5]);
    expect(await amounts({ method: "forward", columns: "amount" })).toEqual([10.5, 20, 20, "NaN", -1.5, 10.5]);
    expect(await amounts({ method: "backward", columns: "amount", nan: true })).toEqual([
      10.5, 20, -1.5, -1.5, -1.5, 10.5,
    ]);
    expect(await amounts({ method: "mean", columns: "amount" })).toEqual([10.5, 20, 9.875, "NaN", -1.5, 10.5]);
    const filled = await run("fill_null", {
      data_ref: "orders",
      values: { big: "9007199254740995", price: "0.10", day: "2024-05-05", region: "?" },
    });
    expect(JSON.stringify(filled.rows[2])).toBe('[3,"north",null,"9007199254740995","0.10","2024-05-05",null]');
    expect(await rejection(run("fill_null", { data_ref: "orders", values: { day: "soon" } }))).toEqual({
      code: "invalid_argument",
      message: '"soon" is no value for the column "day" (date).',
    });
    for (const [values, message] of [
      [{ price: "0.123" }, '"0.123" is no value for the column "price" (decimal(10, 2)).'],
      [{ big: "1.7" }, '"1.7" is no value for the column "big" (int64).'],
      [{ day: "2024-05-05T23:00:00" }, '"2024-05-05T23:00:00" is no value for the column "day" (date).'],
    ] as const) {
      expect(await rejection(run("fill_null", { data_ref: "orders", values }))).toEqual({
        code: "invalid_argument",
        message,
      });
    }
  });
});

describe("join", () => {
  const join = async (args: Record<string, unknown>) =>
    run("join", { left: "orders", right: "regions", on: "region", ...args });
  const pairs = async (how: string) => {
    const { names, rows } = await join({ how });
    const places = [names.indexOf("id_left"), names.indexOf("region"), names.indexOf("size")];
    return rows.map((row) => places.map((place) => row[place]));
  };

  it.each<[string, unknown[][]]>([
    [
      "inner",
      [
        [1, "north", 100],
        [1, "north", 200],
        [3, "north", 100],
        [3, "north", 200],
        [6, "north", 100],
        [6, "north", 200],
      ],
    ],
    [
      "left",
      [
        [1, "north", 100],
        [1, "north", 200],
        [2, "south", null],
        [3, "north", 100],
        [3, "north", 200],
        [4, null, null],
        [5, "\u{1F600}", null],
        [6, "north", 100],
        [6, "north", 200],
      ],
    ],
    [
      "right",
      [
        [1, "north", 100],
        [3, "north", 100],
        [6, "north", 100],
        [1, "north", 200],
        [3, "north", 200],
        [6, "north", 200],
        [null, "west", 300],
        [null, null, 400],
      ],
    ],
    [
      "full",
      [
        [1, "north", 100],
        [1, "north", 200],
        [2, "south", null],
        [3, "north", 100],
        [3, "north", 200],
        [4, null, null],
        [5, "\u{1F600}", null],
        [6, "north", 100],
        [6, "north", 200],
        [null, "west", 300],
        [null, null, 400],
      ],
    ],
  ])("%s", async (how, expected) => {
    expect(await pairs(how)).toEqual(expected);
  });

  it("semi and anti keep the left rows", async () => {
    expect((await join({ how: "semi" })).rows.map(([id]) => id)).toEqual([1, 3, 6]);
    expect((await join({ how: "anti" })).rows.map(([id]) => id)).toEqual([2, 4, 5]);
  });

  it("matches int with int64 keys of other names, and refuses text with int", async () => {
    const made = await join({ on: undefined, left_on: "id", right_on: "id", suffixes: ["", "_r"] });
    expect(made.columns).toBe(
      "id int, region text, amount float, big int64, price decimal(10, 2), day date, paid bool, region_r text, id_r int64, size int",
    );
    expect(made.rows.map(([id]) => id)).toEqual([1, 2, 4]);
    expect(await rejection(join({ on: undefined, left_on: "region", right_on: "id" }))).toEqual({
      code: "invalid_argument",
      message: 'The keys "region" (text) and "id" (int64) cannot be compared.',
    });
  });

  it("cross multiplies, and a result over the limit is refused with its number", async () => {
    expect((await join({ on: undefined, how: "cross" })).rows).toHaveLength(24);
    const limited = { ...context, frameRows: 10 };
    const args = { left: "orders", right: "regions" };
    expect(await rejection(useTool(limited, "join", { ...args, how: "cross" }))).toEqual({
      code: "too_large",
      message: "The result would have 24 rows; a frame has 10 at most (limit rows).",
    });
    expect(await rejection(useTool(limited, "join", { ...args, on: "region", how: "full" }))).toEqual({
      code: "too_large",
      message: "The result would have 11 rows; a frame has 10 at most (limit rows).",
    });
  });
});

it("concat widens types, goes by name and says where it cannot", async () => {
  const made = await run("concat", { data_refs: ["regions", "orders"] });
  expect(made.columns).toBe(
    "region text, id int64, size int, amount float, big int64, price decimal(10, 2), day date, paid bool",
  );
  expect(made.rows).toHaveLength(10);
  expect(JSON.stringify(made.rows[4])).toBe('["north","1",null,10.5,"9007199254740993","1.10","2024-01-31",true]');
  await put("texts", [{ name: "day", type: "text" }], [["x"]]);
  expect(await rejection(run("concat", { data_refs: ["orders", "texts"] }))).toEqual({
    code: "invalid_argument",
    message: 'The column "day" is date in one input and text in another.',
  });
  const text = await run("concat", { data_refs: ["texts", "orders"], mismatch: "text" });
  expect(text.rows.map(([day]) => day)).toEqual([
    "x",
    "2024-01-31",
    "2024-02-29",
    null,
    "2024-01-01",
    "2023-12-31",
    "2024-01-31",
  ]);
});

it("concat rounds nothing to floats", async () => {
  await put("floats", [{ name: "v", type: "float" }], [[0.5]]);
  await put("fits", [{ name: "v", type: "decimal", precision: 20, scale: 2 }], [["0.10"], [null]]);
  await put("whole", [{ name: "v", type: "int64" }], [["1"], ["9007199254740993"]]);
  const fits = await run("concat", { data_refs: ["floats", "fits"] });
  expect([fits.columns, fits.rows]).toEqual(["v float", [[0.5], [0.1], [null]]]);
  expect(await rejection(run("concat", { data_refs: ["floats", "whole"] }))).toEqual({
    code: "invalid_argument",
    message: 'Row 2: the column "v" is float in another input, which would round this value (int64).',
  });
  const text = await run("concat", { data_refs: ["floats", "whole"], mismatch: "text" });
  expect([text.columns, text.rows]).toEqual(["v text", [["0.5"], ["1"], ["9007199254740993"]]]);
});

it("groupby counts rows by column * as SQL does, and says where in its aggregations it is wrong", async () => {
  const counted = await run("groupby", {
    data_ref: "orders",
    by: "paid",
    aggregations: { n: { column: "*", op: "count" } },
  });
  expect(counted.columns).toBe("paid bool, n int");
  const wrong = { data_ref: "orders", by: "paid", aggregations: { n: { column: "amount", op: "summ" } } };
  expect((await rejection(run("groupby", wrong))).message).toMatch(
    /^groupby: aggregations\.n\.op: Invalid option: expected one of "count"\|"size"\|"sum"/,
  );
});

describe("looking", () => {
  it("head and tail answer rows alone, and make a frame when named", async () => {
    const head = await useTool(context, "head", { data_ref: "orders", n: 2 });
    expect(head.data).toMatchObject({ returned: 2, total: 6, truncated: true });
    expect((head.data.rows as { id: number }[]).map(({ id }) => id)).toEqual([1, 2]);
    const tail = await useTool(context, "tail", { data_ref: "orders", n: 2 });
    expect((tail.data.rows as { id: number }[]).map(({ id }) => id)).toEqual([5, 6]);
    expect(tail.data).toMatchObject({ returned: 2, total: 6, truncated: false });
    const named = await useTool(context, "tail", { data_ref: "orders", n: 2, name: "last_orders" });
    expect(named.data).toMatchObject({ returned: 2, total: 2 });
    expect((await run("select", { data_ref: "last_orders", columns: "id" })).rows).toEqual([[5], [6]]);
  });

  it("describe counts exactly, column by column", async () => {
    const { data, text } = await useTool(context, "describe", { data_ref: "orders", format: "json" });
    expect(data.notes).toEqual(["Of 6 rows.", expect.stringContaining("exact in this answer's text")]);
    expect((data.rows as unknown[]).map((row) => JSON.stringify(row))).toEqual([
      '{"column":"id","type":"int","count":6,"nulls":0,"distinct":6,"min":1,"max":6,"mean":3.5,"std":1.8708286933869707,"25%":2.25,"50%":3.5,"75%":4.75,"top":[{"value":1,"count":1},{"value":2,"count":1},{"value":3,"count":1},{"value":4,"count":1},{"value":5,"count":1}]}',
      '{"column":"region","type":"text","count":5,"nulls":1,"distinct":3,"min":"north","max":"\u{1F600}","min_length":1,"max_length":5,"top":[{"value":"north","count":3},{"value":"south","count":1},{"value":"\u{1F600}","count":1}]}',
      '{"column":"amount","type":"float","count":5,"nulls":1,"distinct":4,"nan":1,"min":-1.5,"max":20,"mean":9.875,"std":8.80695747690427,"25%":7.5,"50%":10.5,"75%":12.875,"top":[{"value":10.5,"count":2},{"value":-1.5,"count":1},{"value":20,"count":1},{"value":"NaN","count":1}]}',
      '{"column":"big","type":"int64","count":5,"nulls":1,"distinct":4,"min":-5,"max":9007199254740994,"mean":5404319552844595,"std":4933446211765363,"25%":1,"50%":9007199254740992,"75%":9007199254740992,"top":[{"value":9007199254740993,"count":2},{"value":-5,"count":1},{"value":1,"count":1},{"value":9007199254740994,"count":1}]}',
      '{"column":"price","type":"decimal(10, 2)","count":5,"nulls":1,"distinct":4,"min":"0.01","max":"3.30","mean":1.542,"std":1.2511274915051622,"25%":1.1,"50%":1.1,"75%":2.2,"top":[{"value":"1.10","count":2},{"value":"0.01","count":1},{"value":"2.20","count":1},{"value":"3.30","count":1}]}',
      '{"column":"day","type":"date","count":5,"nulls":1,"distinct":4,"min":"2023-12-31","max":"2024-02-29","top":[{"value":"2024-01-31","count":2},{"value":"2023-12-31","count":1},{"value":"2024-01-01","count":1},{"value":"2024-02-29","count":1}]}',
      '{"column":"paid","type":"bool","count":5,"nulls":1,"distinct":2,"min":false,"max":true,"top":[{"value":true,"count":3},{"value":false,"count":2}]}',
    ]);
    expect(text).toContain("9007199254740993");
  });
});

describe("what is kept and who may read it", () => {
  it("notes where a frame came from, and leaves nothing behind when an operation fails", async () => {
    const before = await context.workspace.frames().list({ ...context.actor, hidden: [] });
    expect(
      await rejection(run("derive", { data_ref: "orders", name: "half", columns: { n: "CAST(region AS int)" } })),
    ).toMatchObject({ code: "expression_invalid" });
    const after = await context.workspace.frames().list({ ...context.actor, hidden: [] });
    expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
    await run("filter", { data_ref: "orders", name: "paid_orders", condition: "paid" });
    const made = await context.workspace.frames().find("paid_orders", { ...context.actor, hidden: [] });
    expect(made.lineage).toEqual({
      operation: "filter",
      inputs: [{ kind: "frame", name: "orders", ref: expect.stringMatching(/^df_/) }],
      params: { condition: "paid" },
    });
    expect(await rejection(run("filter", { data_ref: "orders", name: "Paid_Orders", condition: "paid" }))).toEqual({
      code: "already_exists",
      message: 'There is a frame called "paid_orders" already.',
    });
  });

  it("carries on the datasets behind its inputs, and hides what is hidden", async () => {
    const source = { id: "ds_secret", name: "secret", version: 1 };
    const frame = await loadRows(context, {
      ...{ name: "secret_rows", columns: [{ name: "region", type: "text" }], rows: [["north"]] },
      ...{ lineage: { operation: "test", inputs: [] }, sources: [source] },
    });
    await run("join", { left: "orders", right: frame.id, on: "region", name: "joined_secret" });
    const reader = { ...context.actor, hidden: [] };
    expect((await context.workspace.frames().find("joined_secret", reader)).sources).toEqual([source]);
    const hidden = { ...context, catalogue: { ...context.catalogue, hiddenDatasets: ["ds_secret"] } };
    expect(await rejection(useTool(hidden, "head", { data_ref: "joined_secret" }))).toEqual({
      code: "not_found",
      message: 'There is no table, frame or dataset "joined_secret".',
    });
  });

  it("another team does not see it", async () => {
    const other = await (await freshTeam()).call("owner");
    expect(await rejection(useTool(other, "describe", { data_ref: "orders" }))).toEqual({
      code: "not_found",
      message: 'There is no table, frame or dataset "orders".',
    });
  });

  it("refuses arguments there are not", async () => {
    expect((await rejection(useTool(context, "filter", { data_ref: "orders", where: "id = 1" }))).code).toBe(
      "invalid_argument",
    );
  });
});
