// Builds what pages load, into build/assets: the stylesheet, the icon and the browser's scripts. Part of `npm run build`. Runs under Node.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const out = join(root, "build/assets");

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  legalComments: "none",
  logLevel: "warning",
  tsconfig: "tsconfig.browser.json",
};

/** The answer headers of these files. They have no version in their names, so browsers ask each time whether they changed. */
const headers = `/*
  X-Content-Type-Options: nosniff
  Cache-Control: public, max-age=0, must-revalidate
`;

/** Writes build/assets; what is there is replaced file by file, since a running server may be serving it. */
export async function buildAssets() {
  mkdirSync(out, { recursive: true });
  await build({
    ...common,
    entryPoints: [
      "src/browser/dashboard.ts",
      "src/browser/editor.ts",
      "src/browser/passkey.ts",
      "src/browser/proposal.ts",
      "src/browser/page.ts",
      "src/browser/palette.ts",
      "src/browser/upload.ts",
      "src/browser/playground.ts",
      "src/browser/text-file.ts",
      "src/surfaces/dashboard/dashboard.css",
      "src/surfaces/pages/style.css",
      "src/surfaces/pages/icon.svg",
    ].map((path) => ({ in: path, out: path.replace(/^.*\/|\.\w+$/g, "") })),
    outdir: out,
    // The editor has no syntax tree: see there.
    alias: {
      "@codemirror/language": "./src/browser/editor/no-syntax.ts",
      "@lezer/common": "./src/browser/editor/no-syntax.ts",
    },
    loader: { ".svg": "copy" },
  });
  await buildReference();
  writeFileSync(join(out, "_headers"), headers);
}

/** The API's reference, in a folder of its own: many files, which no other page loads. Those of builds before it go. */
async function buildReference() {
  const folder = join(out, "reference");
  const { metafile } = await build({
    ...common,
    entryPoints: ["src/browser/reference.ts", "src/browser/reference.css"],
    outdir: folder,
    splitting: true,
    metafile: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const made = new Set(Object.keys(metafile.outputs).map((path) => path.replace(/^.*\//, "")));
  for (const name of readdirSync(folder)) if (!made.has(name)) rmSync(join(folder, name));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await buildAssets();
