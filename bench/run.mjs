// `npm run bench`: everything that is measured, as one Markdown table. docs/benchmarks.md keeps a dated copy.
import { cpus } from "node:os";
import { benchBackup } from "./backup.mjs";
import { benchFrames } from "./frames.mjs";
import { benchJq } from "./jq-native.mjs";
import { benchMcp } from "./mcp.mjs";
import { benchPages } from "./pages.mjs";
import { benchBundle, benchTokens } from "./surface.mjs";

const number = (value) => (value >= 100 ? Math.round(value).toString() : value.toPrecision(3));
const MIB = 1024 * 1024;
const rows = [];

console.error("jq against the native program …");
for (const { name, ours_ms, native_ms, ratio, peakMemoryBytes } of await benchJq()) {
  const memory = peakMemoryBytes === undefined ? "" : `, engine memory ${number(peakMemoryBytes / MIB)} MiB`;
  const against = native_ms === undefined ? "" : `, native ${number(native_ms)} ms`;
  rows.push([
    `jq: ${name}`,
    `${number(ours_ms)} ms${against}${memory}`,
    ratio === undefined ? "" : `${number(ratio)}x native`,
  ]);
}
console.error("MCP against a bare fetch handler …");
for (const { name, perSecond, ratio, p50Ms, p99Ms } of await benchMcp()) {
  rows.push([
    name,
    `${number(perSecond)} requests/s, p50 ${number(p50Ms)} ms, p99 ${number(p99Ms)} ms`,
    `${number(ratio)} of bare`,
  ]);
}
console.error("backup and restore of a large team …");
for (const { name, measured, compared } of await benchBackup()) rows.push([name, measured, compared]);
console.error("frames against DuckDB and sqlite3 …");
for (const { name, measured, compared } of await benchFrames()) rows.push([name, measured, compared]);
console.error("pages in a browser …");
for (const { name, measured, compared } of await benchPages()) rows.push([name, measured, compared]);
console.error("tokens, bundle, start-up …");
for (const { name, value, unit, goal } of [...(await benchTokens()), ...benchBundle()]) {
  rows.push([
    name,
    unit === "ratio" ? number(value) : `${number(value)} ${unit}`,
    goal === undefined ? "" : `goal ${goal}`,
  ]);
}

console.log(
  `Measured ${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}; medians.\n`,
);
console.log(
  ["| what | measured | compared |", "| --- | --- | --- |", ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n"),
);
