// A frame of 100,000 rows loaded, filtered, grouped, joined, described and exported, against DuckDB and the sqlite3 program on the same data; the
// memory of workerd under a heap of 64 MiB; the rows each operation writes, which storage bills. Prints rows as JSON.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { withServer } from "../test/isolation/server.ts";
import { api, mcpRequest } from "./mcp.mjs";
import { median } from "./measure.mjs";

const rowCount = 100_000;
const rounds = 5;
const heapMib = 64;
const MIB = 1024 * 1024;
const regions = ["north", "south", "east", "west", "centre", "coast", "hills", "islands"];

/** Ten columns of many kinds; the same every time. */
function sample() {
  let state = 42;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const lines = ["id,region,city,note,amount,quantity,paid,day,at,code"];
  for (let id = 1; id <= rowCount; id++) {
    const day = new Date(Date.UTC(2024, 0, 1 + Math.floor(random() * 700)));
    const quantity = random() < 0.1 ? "" : Math.floor(random() * 50);
    lines.push(
      [
        ...[id, regions[Math.floor(random() * 8)], `city ${Math.floor(random() * 200)}`, `"order ${id}, as asked"`],
        ...[(random() * 1000).toFixed(2), quantity, random() < 0.5, day.toISOString().slice(0, 10)],
        ...[new Date(day.getTime() + Math.floor(random() * 86_400) * 1000).toISOString(), `0${1000 + (id % 9000)}`],
      ].join(","),
    );
  }
  return `${lines.join("\n")}\n`;
}

const cities = `city,population\n${Array.from({ length: 200 }, (_, i) => `city ${i},${i * 1_000 + 7}`).join("\n")}\n`;

/** What is done, as our tool call and as SQL that says the same. */
const operations = [
  {
    name: "filter, 3 conditions",
    tool: "filter",
    args: { data_ref: "orders", condition: "amount > 500 and region = 'north' and paid" },
    sql: "SELECT * FROM orders WHERE amount > 500 AND region = 'north' AND paid",
    sqlite: "SELECT * FROM orders WHERE amount > 500 AND region = 'north' AND paid = 'true'",
  },
  {
    name: "groupby, 8 groups, 4 aggregates",
    tool: "groupby",
    args: {
      data_ref: "orders",
      by: ["region"],
      aggregations: { amount: ["sum", "mean", "max"], id: ["count"] },
    },
    sql: "SELECT region, sum(amount), avg(amount), max(amount), count(id) FROM orders GROUP BY region",
  },
  {
    name: "join with 200 rows, all columns",
    tool: "join",
    args: { left: "orders", right: "cities", on: ["city"], how: "inner" },
    sql: "SELECT orders.*, cities.population FROM orders JOIN cities ON orders.city = cities.city",
  },
  {
    name: "sort by one column, all columns",
    tool: "sort",
    args: { data_ref: "orders", by: ["amount"] },
    sql: "SELECT * FROM orders ORDER BY amount",
  },
  {
    name: "describe, 10 columns",
    tool: "describe",
    args: { data_ref: "orders" },
    sql: "SUMMARIZE orders",
    sqlite: null,
  },
  {
    name: "SQL: groups of groups with a window",
    tool: "sql_frame",
    args: {
      query:
        "SELECT region, city, sum(amount) AS total, rank() OVER (PARTITION BY region ORDER BY sum(amount) DESC) AS place FROM orders GROUP BY region, city",
    },
    sql: "SELECT region, city, sum(amount) AS total, rank() OVER (PARTITION BY region ORDER BY sum(amount) DESC) AS place FROM orders GROUP BY region, city",
  },
];

/** The most memory that the runtime below this process has had, in bytes. */
function peakBelow(pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, rest = ""] = readFileSync(`/proc/${entry}/stat`, "utf8").split(") ");
      parents.set(Number(entry), {
        parent: Number(rest.split(" ")[1]),
        name: readFileSync(`/proc/${entry}/comm`, "utf8").trim(),
      });
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (one) => {
    for (let at = one; at !== undefined && at > 1; at = parents.get(at)?.parent) if (at === pid) return true;
    return false;
  };
  const runtime = [...parents].find(([one, { name }]) => name === "workerd" && isBelow(one))?.[0];
  const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${runtime}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

async function timed(work) {
  const begun = performance.now();
  const result = await work();
  return { ms: performance.now() - begun, result };
}

/** Our own figures: milliseconds of a whole request over HTTP, and rows written. */
async function measureOurs(csv, heap) {
  const persistDir = mkdtempSync(join(tmpdir(), "super-data-bench-frames-"));
  const entry = fileURLToPath(new URL("frames-worker.ts", import.meta.url));
  process.env.MINIFLARE_WORKERD_V8_FLAGS = heap === undefined ? "" : `--max-heap-size=${heap}`;
  try {
    return await withServer(
      persistDir,
      async ({ origin, operatorToken, pid }) => {
        await api(origin, "/operator/teams/bench", operatorToken, { method: "PUT" });
        const { token } = await api(origin, "/operator/teams/bench/tokens", operatorToken, {
          method: "POST",
          body: JSON.stringify({ username: "bench", role: "owner" }),
        });
        const written = async () => (await (await fetch(`${origin}/bench/rows-written`)).json()).written;
        const post = (name, body) =>
          api(origin, `/t/bench/api/v1/frames?name=${name}`, token, {
            method: "POST",
            headers: { "content-type": "text/csv" },
            body,
          });
        const drop = (name) =>
          api(origin, `/t/bench/api/v1/frames/${name}`, token, { method: "DELETE" }).catch(() => undefined);
        const call = async (name, args) => {
          const answer = await fetch(
            `${origin}/t/bench/mcp`,
            mcpRequest(token, "tools/call", { name, arguments: args }),
          );
          const text = await answer.text();
          if (!answer.ok || text.includes('"isError":true')) throw new Error(`${name}: ${text.slice(0, 500)}`);
          return text;
        };
        const figures = new Map();
        const note = async (name, work) => {
          await written();
          const { ms } = await timed(work);
          const known = figures.get(name) ?? { ms: [], written: 0 };
          figures.set(name, { ms: [...known.ms, ms], written: await written() });
        };
        await post("cities", cities);
        for (let round = 0; round <= rounds; round++) {
          if (round > 0) await drop("orders");
          if (round === 1) figures.clear(); // the first round warms up
          await note("load 100,000 rows of CSV", () => post("orders", csv));
          for (const { name, tool, args } of operations) await note(name, () => call(tool, args));
          for (const format of ["csv", "arrow", "parquet"]) {
            await note(`export as ${format}`, async () => {
              const answer = await fetch(`${origin}/t/bench/api/v1/frames/orders.${format}`, {
                headers: { authorization: `Bearer ${token}` },
              });
              if (!answer.ok) throw new Error(`${format}: ${answer.status}`);
              return (await answer.arrayBuffer()).byteLength;
            });
          }
        }
        return { figures, peakBytes: peakBelow(pid) };
      },
      { entry },
    );
  } finally {
    rmSync(persistDir, { recursive: true, force: true });
  }
}

/** Milliseconds of the same in DuckDB, in this process, results kept as a table. */
async function measureDuckdb(dir) {
  const figures = new Map();
  const note = async (name, work) => {
    const { ms } = await timed(work);
    figures.set(name, [...(figures.get(name) ?? []), ms]);
  };
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "2" })).connect();
  await connection.run(`CREATE TABLE cities AS SELECT * FROM read_csv('${join(dir, "cities.csv")}')`);
  for (let round = 0; round < rounds; round++) {
    await connection.run("DROP TABLE IF EXISTS orders");
    await note("load 100,000 rows of CSV", () =>
      connection.run(`CREATE TABLE orders AS SELECT * FROM read_csv('${join(dir, "orders.csv")}')`),
    );
    for (const { name, sql } of operations)
      await note(name, () =>
        connection.run(sql.startsWith("SUMMARIZE") ? sql : `CREATE OR REPLACE TABLE result AS ${sql}`),
      );
    await note("export as csv", () => connection.run(`COPY orders TO '${join(dir, "out.csv")}' (HEADER)`));
    await note("export as parquet", () =>
      connection.run(`COPY orders TO '${join(dir, "out.parquet")}' (FORMAT parquet)`),
    );
  }
  return figures;
}

/** Milliseconds of the same in the sqlite3 program, by its own timer. */
function measureSqlite(dir) {
  const figures = new Map();
  const script = (create) => [
    ...[
      ".mode csv",
      ".timer on",
      `.import ${join(dir, "orders.csv")} orders`,
      `.import ${join(dir, "cities.csv")} cities`,
    ],
    ...create,
  ];
  for (let round = 0; round < rounds; round++) {
    const known = operations.filter(({ sqlite }) => sqlite !== null);
    const lines = script(known.map(({ sql, sqlite }, i) => `CREATE TABLE result_${i} AS ${sqlite ?? sql};`));
    const { stdout } = spawnSync("sqlite3", [":memory:"], { input: `${lines.join("\n")}\n`, encoding: "utf8" });
    const times = [...stdout.matchAll(/Run Time: real ([\d.]+)/g)]
      .map(([, seconds]) => Number(seconds) * 1000)
      .slice(-known.length);
    for (const [i, { name }] of known.entries())
      figures.set(name, [...(figures.get(name) ?? []), times[i] ?? Number.NaN]);
  }
  return figures;
}

export async function benchFrames() {
  const dir = mkdtempSync(join(tmpdir(), "super-data-bench-frames-data-"));
  try {
    mkdirSync(dir, { recursive: true });
    const csv = sample();
    writeFileSync(join(dir, "orders.csv"), csv);
    writeFileSync(join(dir, "cities.csv"), cities);
    const { figures, peakBytes } = await measureOurs(csv, undefined);
    const capped = await measureOurs(csv, heapMib);
    const duckdb = await measureDuckdb(dir);
    const sqlite = measureSqlite(dir);
    const rows = [...figures].map(([name, { ms, written }]) => {
      const ours = median(ms);
      const against = (theirs, of) =>
        theirs === undefined ? [] : [`${(ours / median(theirs)).toPrecision(2)}x ${of}`];
      return {
        name: `frame: ${name}`,
        measured: `${Math.round(ours)} ms, ${written} rows written`,
        compared: [...against(duckdb.get(name), "DuckDB"), ...against(sqlite.get(name), "sqlite3")].join(", "),
      };
    });
    const slowest = Math.max(
      ...[...capped.figures].map(([name, { ms }]) => median(ms) / median(figures.get(name)?.ms ?? ms)),
    );
    rows.push({
      name: `frame: all of it under a heap of ${heapMib} MiB`,
      measured: `peak memory of workerd ${Math.round(capped.peakBytes / MIB)} MiB (${Math.round(peakBytes / MIB)} MiB without the cap)`,
      compared: `at most ${slowest.toPrecision(2)}x the time`,
    });
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await benchFrames(), null, 1));
