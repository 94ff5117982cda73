// The project's own source files and what each imports, for the tests of its conventions. Runs in Node.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Import {
  /** The imported file, relative to the project, or the package's name. */
  target: string;
  /** Only types: gone at run time. */
  typeOnly: boolean;
}

/** Paths relative to the project of all files under `folder` with one of these endings. */
export function filesUnder(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules") && !path.includes("/build/") && !path.includes(".wrangler/"))
    .sort();
}

/** Product code: no tests, no declarations. */
export function productFiles(): string[] {
  return filesUnder("src", [".ts", ".tsx"]).filter((path) => !/\.test\.ts$|\.d\.ts$/.test(path));
}

export const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

const statement = /^(?:import|export)\s+(type\s+)?((?:[\w*\s,]|\{[^}]*\})*?)\s*(?:from\s*)?["']([^"']+)["']/gm;
const dynamic = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** Every import and re-export of a file. `import { type A, type B }` counts as types alone. */
export function importsOf(path: string, text = textOf(path)): Import[] {
  const found: Import[] = [];
  for (const [, type, names = "", specifier = ""] of text.matchAll(statement)) {
    const listed = /^\{([^}]*)\}$/
      .exec(names.trim())?.[1]
      ?.split(",")
      .map((name) => name.trim());
    const allTypes = listed?.filter((name) => name !== "").every((name) => name.startsWith("type ")) ?? false;
    found.push({
      target: resolveFrom(path, specifier),
      typeOnly: type !== undefined || (allTypes && names.trim() !== "{}"),
    });
  }
  for (const [, specifier = ""] of text.matchAll(dynamic)) {
    found.push({ target: resolveFrom(path, specifier), typeOnly: false });
  }
  return found;
}

const resolveFrom = (path: string, specifier: string): string =>
  specifier.startsWith(".") ? join(dirname(path), specifier) : specifier;
