// Fails when the tables in src/features/*/table.ts have moved on and no migration says so. Part of `npm run drift`.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const scratch = mkdtempSync(join(process.cwd(), ".migrations-"));
try {
  cpSync("migrations/team", scratch, { recursive: true });
  const before = readdirSync(scratch).length;
  const { status, stdout, stderr } = spawnSync(
    "drizzle-kit",
    [
      "generate",
      "--dialect=sqlite",
      "--driver=durable-sqlite",
      "--schema=./src/features/*/table.ts",
      `--out=${scratch.slice(process.cwd().length + 1)}`,
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    console.error(stdout + stderr);
    process.exitCode = 1;
  } else if (readdirSync(scratch).length !== before) {
    console.error(
      "The tables have changed and no migration says so. Run `npm run migrations:generate` and commit what it writes.",
    );
    process.exitCode = 1;
  } else {
    console.log("migrations match the tables");
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
