// Seeds a team with the library and the sample datasets of seeds/, over the public REST routes. Runs under Node: part of `npm start`,
// and for operators `npm run seed -- --url https://super-data.example.workers.dev --team demo --token sdp_…`.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { ensureOrders } from "../seeds/make-datasets.mjs";

const seeds = new URL("../seeds/", import.meta.url);
const contentTypes = { json: "application/json", ndjson: "application/x-ndjson", csv: "text/csv" };

/** A request to the team's REST API; throws with the server's own words when it is refused. */
async function request({ url, team, token }, path, init = {}) {
  const response = await fetch(`${url}/t/${team}/api/v1${path}`, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  });
  if (response.ok) return response.json();
  const text = await response.text();
  throw new Error(`${init.method ?? "GET"} ${path} was answered with ${response.status}: ${problemText(text)}`);
}

function problemText(text) {
  try {
    const { detail, title, hint } = JSON.parse(text);
    return [detail ?? title, hint].filter(Boolean).join(" ");
  } catch {
    return text.slice(0, 300);
  }
}

/** Names of all datasets the team has, over all pages. */
async function datasetNames(target) {
  const names = new Set();
  let cursor;
  do {
    const page = await request(
      target,
      `/datasets${cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`}`,
    );
    for (const { name } of page.datasets) names.add(name);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return names;
}

async function putDataset(target, { name, file, format, description }) {
  const path = fileURLToPath(new URL(`datasets/${file}`, seeds));
  await request(target, `/datasets/${name}?${new URLSearchParams({ description })}`, {
    method: "PUT",
    headers: { "content-type": contentTypes[format], "content-length": String(statSync(path).size) },
    body: createReadStream(path),
    duplex: "half",
  });
}

/**
 * Brings the team's library and sample datasets in. Idempotent: a dataset the team already has is left alone, an unchanged function or
 * tool too. `log` gets a line per step. Throws when the server refuses a request; returns the entries of the library that failed.
 */
export async function seedTeam(target, log) {
  ensureOrders();
  const present = await datasetNames(target);
  for (const dataset of parse(readFileSync(new URL("datasets.yaml", seeds), "utf8")).datasets) {
    if (present.has(dataset.name)) continue;
    await putDataset(target, dataset);
    log(`dataset ${dataset.name}`);
  }
  const failed = [];
  for (const file of ["functions.yaml", "tools.yaml"]) {
    const report = await request(target, `/library?${new URLSearchParams({ path: `seeds/${file}` })}`, {
      method: "POST",
      headers: { "content-type": "application/yaml" },
      body: readFileSync(new URL(file, seeds)),
    });
    log(
      `${file}: ${["created", "updated", "unchanged", "failed"].map((key) => `${count(report[key])} ${key}`).join(", ")}`,
    );
    for (const entry of Array.isArray(report.failed) ? report.failed : []) failed.push({ file, ...entry });
  }
  return failed;
}

const count = (part) => (Array.isArray(part) ? part.length : (part ?? 0));

/** One line for an entry of the library that was refused. */
export function failureLine({ file, line, kind, name, code, message }) {
  return `seeds/${file}:${line ?? "?"} ${kind} ${name}: ${code}: ${message}`;
}

async function main() {
  const { values } = parseArgs({
    options: { url: { type: "string" }, team: { type: "string", default: "demo" }, token: { type: "string" } },
  });
  if (values.url === undefined || values.token === undefined) {
    throw new Error("Usage: npm run seed -- --url https://super-data.example.workers.dev --team TEAM --token sdp_…");
  }
  const failed = await seedTeam({ ...values, url: values.url.replace(/\/+$/, "") }, (line) => console.log(line));
  for (const entry of failed) console.error(failureLine(entry));
  if (failed.length > 0) process.exitCode = 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(error.cause === undefined ? error.message : `${error.message}: ${error.cause.message}`);
    process.exitCode = 1;
  });
}
