// Conventions that a reader relies on: what a file is stands in its first line, no file grows past what one can read. Runs in Node.
import { expect, it } from "vitest";
import { filesUnder, productFiles, textOf } from "./sources.ts";

const maxLines = 500;
const sources = [
  ...filesUnder("src", [".ts", ".tsx"]),
  ...filesUnder("test", [".ts", ".mjs"]),
  ...filesUnder("scripts", [".mjs", ".cjs"]),
  ...filesUnder("bench", [".mjs", ".ts"]),
  ...filesUnder("seeds", [".mjs"]),
  ...filesUnder("cli", [".ts", ".cjs"]),
];

it("every file that is not a test opens by saying what it is", () => {
  const silent = sources.filter(
    (path) => !path.endsWith(".test.ts") && !/^(?:#!.*\n)?(?:\/\/ \S|\/\*\*?[ \n])/.test(textOf(path)),
  );
  expect(silent).toEqual([]);
});

it("product files and tests stay readable in one sitting", () => {
  const long = sources.filter((path) => textOf(path).split("\n").length - 1 > maxLines);
  expect(long).toEqual([]);
});

it("names are kebab-case, and exports are named", () => {
  const odd = sources.filter((path) => !/^(?:[a-z0-9.-]+\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(path));
  expect(odd).toEqual([]);
  const defaults = productFiles().filter((path) => path !== "src/worker.ts" && /^export default\b/m.test(textOf(path)));
  expect(defaults).toEqual([]);
});

it("zod is imported as a namespace: by its name `z` every language of its messages would come along", () => {
  expect(sources.filter((path) => /^import \{ z \} from "zod"/m.test(textOf(path)))).toEqual([]);
});

it("no escape hatches: no `any`, no `enum`, no silenced compiler", () => {
  const hatches = productFiles().filter((path) =>
    /@ts-(?:ignore|nocheck|expect-error)|\bas any\b|: any\b|^(?:export )?(?:const )?enum /m.test(textOf(path)),
  );
  expect(hatches).toEqual([]);
});
