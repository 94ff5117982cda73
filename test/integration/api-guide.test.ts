// The examples of docs/guides/api.md, run as they stand there against the product, by bash and curl.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTeam, rest } from "../helpers/clients.ts";

const server = inject("server");
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "super-data-api-guide-"));
let team: Awaited<ReturnType<typeof createTeam>>;

beforeAll(async () => {
  team = await createTeam(server, "api-guide");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The blocks of the guide, each with the heading it stands under; what a reader fills in is filled in. */
function examples(): { heading: string; script: string }[] {
  const guide = readFileSync("docs/guides/api.md", "utf8");
  let heading = "";
  return [...guide.matchAll(/^## (.*)$|^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, title, block]) => {
    if (title !== undefined) heading = title;
    return block === undefined ? [] : [{ heading, script: block }];
  });
}

/** What each example says, from one shell that goes through all of them. */
async function outputs(): Promise<Map<string, string>> {
  const mark = (heading: string) => `printf '\\n#### %s\\n' ${JSON.stringify(heading)}`;
  const script = examples()
    .map(({ heading, script: text }) => `${mark(heading)}\n${text}`)
    .join("\n")
    .replace(/^API=.*$/m, `API=${server.origin}/t/api-guide/api/v1`)
    .replace(/^AUTH=.*$/m, `AUTH="Authorization: Bearer ${team.token}"`);
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], { cwd: folder, maxBuffer: 16_000_000 });
  const found = new Map<string, string>();
  for (const section of stdout.split("\n#### ").slice(1)) {
    const [heading = "", ...said] = section.split("\n");
    found.set(heading, `${found.get(heading) ?? ""}${said.join("\n")}\n`);
  }
  return found;
}

/** JSON values that stand one after the other. */
const jsonOf = (text = ""): Record<string, unknown>[] =>
  text
    // An answer ends without a line's end; another one, or a status, follows.
    .replaceAll(/\}(?=\{"|\d{3}\n)/g, "}\n")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

it("says what holds", { timeout: 120_000 }, async () => {
  const found = await outputs();
  const [who, datasets, listed] = jsonOf(found.get("First call"));
  expect([who?.username, datasets?.total, listed?.returned]).toEqual(["api-guide-owner", 0, 0]);
  expect(JSON.parse(readFileSync(join(folder, "openapi.json"), "utf8")).openapi).toBe("3.1.0");
  expect(jsonOf(found.get("Errors"))).toEqual([expect.objectContaining({ code: "not_found", status: 404 })]);
  const etags = found.get("ETags") ?? "";
  expect(jsonOf(etags).map(({ version, record_count: records }) => [version, records])).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(etags).toContain("304\n");
  expect(found.get("Retries")?.trim()).toBe("201\n201");
  const [packed, ...parts] = jsonOf(found.get("Upload"));
  expect(packed).toMatchObject({ name: "orders_2026", version: 3, record_count: 2 });
  expect(parts.map(({ part, bytes }) => [part, bytes]).slice(0, 2)).toEqual([
    [1, 20],
    [2, 14],
  ]);
  expect(parts[2]).toMatchObject({ state: "open", bytes: 34, parts: [{ part: 1 }, { part: 2 }] });
  expect(parts[3]).toMatchObject({ name: "in_parts", version: 1, record_count: 2 });
  expect(readFileSync(join(folder, "orders.parquet")).subarray(0, 4).toString()).toBe("PAR1");
  expect((await rest(team, "/datasets/once")).status).toBe(200);
  const headings = new Set(examples().map(({ heading }) => heading));
  expect([...headings]).toEqual(["", "First call", "Errors", "ETags", "Retries", "Upload", "Download"]);
});
