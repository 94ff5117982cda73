// Builds the command line, into build/cli: plain JavaScript that Node 20 runs, a file for each command. Part of `npm run build`. Runs under Node.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Writes build/cli; cli/super-data.cjs runs what is there. */
export async function buildCli() {
  const outdir = join(root, "build/cli");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["cli/main.ts"],
    outdir,
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    bundle: true,
    // What a command does not use is not loaded: most start in a few milliseconds.
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    minify: true,
    keepNames: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    tsconfig: "tsconfig.node.json",
    // Packages in CommonJS ask for Node's own modules by require.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  // Only now: a command that runs while this builds may still load its parts.
  const made = new Set(Object.keys(metafile.outputs).map((path) => join(root, path)));
  for (const name of readdirSync(outdir)) if (!made.has(join(outdir, name))) rmSync(join(outdir, name));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await buildCli();
