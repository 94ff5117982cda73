// Migrations of every kind of object: writes those that are missing, or with `--check` fails when the tables in src/features have moved on
// and no migration says so (part of `npm run drift`). Runs under Node.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const objects = ["team", "person", "deployment", "workspace"];
const args = process.argv.slice(2);
/** `--name identity` names the migration that is written. */
const named = args.includes("--name") ? args.slice(args.indexOf("--name"), args.indexOf("--name") + 2) : [];

function generate(object, out) {
  const { status, stdout, stderr } = spawnSync("drizzle-kit", ["generate", ...named], {
    encoding: "utf8",
    env: { ...process.env, OBJECT: object, ...(out === undefined ? {} : { MIGRATIONS_OUT: out }) },
  });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
}

function isCurrent(object) {
  const scratch = mkdtempSync(join(process.cwd(), ".migrations-"));
  try {
    cpSync(`migrations/${object}`, scratch, { recursive: true });
    const before = readdirSync(scratch).length;
    generate(object, scratch.slice(process.cwd().length + 1));
    return readdirSync(scratch).length === before;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv.includes("--check")) {
  const behind = objects.filter((object) => !isCurrent(object));
  if (behind.length === 0) console.log("migrations match the tables");
  else {
    console.error(
      `The tables of ${behind.join(", ")} have changed and no migration says so. Run \`npm run migrations:generate\` and commit what it writes.`,
    );
    process.exitCode = 1;
  }
} else for (const object of objects) process.stdout.write(generate(object));
