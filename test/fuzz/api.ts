// `npm run fuzz:api -- --seed N --examples N [--only OPERATION]`: schemathesis over the whole REST API of a server of its own. Needs Python 3.10
// or newer and its package index; SCHEMATHESIS=/path/to/st uses one that is there. Runs in Node.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ProofServer, withServer } from "../isolation/server.ts";
import { apiTeam, endings } from "./api-team.ts";
import { logFaults } from "./fuzzer.ts";

const version = "4.32.5";
const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
];

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    examples: { type: "string", default: "50" },
    only: { type: "string" },
  },
});
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
console.log(`Seed ${seed}. To send the same again: npm run fuzz:api -- --seed ${seed} --examples ${values.examples}`);

function run(command: string, args: readonly string[], quiet = false): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", quiet ? "ignore" : "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** The command, out of a folder of its own. */
async function install(folder: string): Promise<string> {
  const found = process.env.SCHEMATHESIS;
  if (found !== undefined) return found;
  const bin = join(folder, "venv", process.platform === "win32" ? "Scripts" : "bin");
  const made = await run("python3", ["-m", "venv", join(folder, "venv")]).catch(() => 1);
  if (made !== 0) throw new Error("python3 cannot make a venv: install Python 3.10 or newer with its venv module.");
  const installed = await run(join(bin, "pip"), ["install", "--quiet", `schemathesis==${version}`]);
  if (installed !== 0) throw new Error(`pip cannot install schemathesis ${version}: is its package index reached?`);
  return join(bin, "st");
}

async function fuzz(st: string, server: ProofServer, slug: string, chosen: readonly string[]): Promise<number> {
  const { url, token } = await apiTeam(server, slug);
  return run(st, [
    "run",
    `${url}/openapi.json`,
    ...["-H", `Authorization: Bearer ${token}`],
    ...["--checks", checks.join(",")],
    ...["--phases", "examples,coverage,fuzzing"],
    ...["--seed", seed, "--max-examples", values.examples],
    ...["--request-timeout", "60", "--suppress-health-check", "all", "--warnings", "off", "--no-color"],
    "--continue-on-failure",
    ...chosen,
  ]);
}

const folder = mkdtempSync(join(tmpdir(), "super-data-fuzz-api-"));
try {
  const st = await install(folder);
  const { codes, faults } = await withServer(join(folder, "state"), async (server) => {
    const only = values.only === undefined ? [] : ["--include-operation-id", values.only];
    const most = endings.flatMap((operation) => ["--exclude-operation-id", operation]);
    const rest = endings.flatMap((operation) => ["--include-operation-id", operation]);
    const codes = [await fuzz(st, server, "fuzz-api", only.length > 0 ? only : most)];
    if (only.length === 0) codes.push(await fuzz(st, server, "fuzz-api-apart", rest));
    return { codes, faults: logFaults(server.lines) };
  });
  for (const { answer } of faults) console.log(`FAULT an unexpected error was logged: ${answer}`);
  process.exitCode = codes.every((code) => code === 0) && faults.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
