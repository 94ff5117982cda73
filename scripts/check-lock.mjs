// Checks that package-lock.json names the optional packages of every platform, which `npm ci` insists on. Runs under Node, from npm scripts.
// `npm install` drops those that a registry cannot serve, such as a mirror for one platform; `--fix` puts them back, so that every platform installs.
import { readFileSync, writeFileSync } from "node:fs";

const lockPath = new URL("../package-lock.json", import.meta.url);
const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** The system, processor and C library that a package's name says it is for, in package.json's words. Throws when it says none. */
function platformOf(name) {
  if (name === "fsevents") return { os: ["darwin"] };
  const words = name.slice(name.indexOf("/") + 1).split("-");
  const os = systems.find((system) => words.includes(system) || (system === "win32" && words.includes("windows")));
  const cpu =
    processors.find((processor) => words.includes(processor)) ??
    (words.includes("64") ? "x64" : words.includes("armv7") ? "arm" : words.includes("ppc64le") ? "ppc64" : undefined);
  if (cpu === "wasm32") return { cpu: ["wasm32"] };
  if (os === undefined)
    throw new Error(`check-lock: cannot tell the platform of ${name}; add it to scripts/check-lock.mjs`);
  const libc =
    words.includes("musl") || words.includes("musleabihf")
      ? ["musl"]
      : os === "linux" && words.includes("gnu")
        ? ["glibc"]
        : undefined;
  return { ...(cpu === undefined ? {} : { cpu: [cpu] }), ...(libc === undefined ? {} : { libc }), os: [os] };
}

/** Where npm would look for `name` from the package at `from`: undefined when no folder on the way up has it. */
function resolveIn(packages, from, name) {
  let folder = from;
  while (true) {
    const path = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === "") return undefined;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1));
  }
}

/** Lock entries that are missing: one for every optional dependency whose pinned version its dependant would not find. */
function missingEntries(packages) {
  const known = { ...packages };
  const missing = {};
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = resolveIn(known, path, name);
      const version = /\d+\.\d+\.\d+\S*/.exec(range)?.[0];
      if (found !== undefined && (version !== range || known[found].version === version)) continue;
      const at = `${found === undefined ? folderOf(path) : `${path}/`}node_modules/${name}`;
      known[at] = missing[at] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platformOf(name) };
    }
  }
  return missing;
}

/** The folder, with its closing slash, whose node_modules holds the package at `path`. */
function folderOf(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf("node_modules/")));
}

const lock = JSON.parse(readFileSync(lockPath, "utf8"));
const missing = missingEntries(lock.packages);
const names = Object.keys(missing).map((path) =>
  path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
);
if (names.length === 0) {
  console.log("check-lock: package-lock.json covers every platform");
} else if (process.argv.includes("--fix")) {
  const [[root, project], ...rest] = Object.entries({ ...lock.packages, ...missing });
  lock.packages = Object.fromEntries([[root, project], ...rest.sort(([a], [b]) => (a < b ? -1 : 1))]);
  writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`check-lock: added ${names.length} packages of other platforms to package-lock.json`);
} else {
  console.error(
    `check-lock: package-lock.json lacks ${names.length} optional packages (${names.slice(0, 3).join(", ")}, …), so \`npm ci\` fails; run \`node scripts/check-lock.mjs --fix\``,
  );
  process.exitCode = 1;
}
