// Builds what pages load, into build/assets: the stylesheet, the icon and the browser's scripts. Part of `npm run build`. Runs under Node.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const out = join(root, "build/assets");

/** The answer headers of these files. They have no version in their names, so browsers ask each time whether they changed. */
const headers = `/*
  X-Content-Type-Options: nosniff
  Cache-Control: public, max-age=0, must-revalidate
`;

/** Writes build/assets; what is there is replaced file by file, since a running server may be serving it. */
export async function buildAssets() {
  mkdirSync(out, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [
      "src/browser/passkey.ts",
      "src/browser/page.ts",
      "src/surfaces/pages/style.css",
      "src/surfaces/pages/icon.svg",
    ].map((path) => ({ in: path, out: path.replace(/^.*\/|\.\w+$/g, "") })),
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    loader: { ".svg": "copy" },
    legalComments: "none",
    logLevel: "warning",
    tsconfig: "tsconfig.browser.json",
  });
  writeFileSync(join(out, "_headers"), headers);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await buildAssets();
