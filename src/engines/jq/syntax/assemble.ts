// Puts a program together from library functions and a query, each function after those it calls. Runs anywhere.
import { AppError } from "../../../core/errors.ts";
import { didYouMean, nearNames } from "./names.ts";

/** A function of the library as assembling needs it; `dependsOn` holds `name/arity` keys. */
export interface LibraryFunction {
  readonly name: string;
  readonly definition: string;
  readonly dependsOn: readonly string[];
}

/** The program of some functions and a query, and the line (from 1) on which the query starts. Functions come in dependency order. */
export function assemble(
  functions: readonly { readonly name: string; readonly definition: string }[],
  query: string,
): { program: string; queryLine: number } {
  // Each definition ends its line, so that a comment at its end does not swallow what follows.
  const prelude = functions.map(({ definition }) => `${definition.trim()}\n`).join("");
  return { program: prelude + query, queryLine: prelude.split("\n").length };
}

/**
 * The wanted functions and everything they call, each after its dependencies, in a stable order. A function may call itself.
 * Throws `jq_cycle` (two or more functions that call each other) and `jq_unknown_name` (missing, or another arity).
 */
export function orderFunctions(
  wanted: readonly { readonly name: string; readonly arity: number }[],
  library: ReadonlyMap<string, LibraryFunction>,
): LibraryFunction[] {
  const ordered: LibraryFunction[] = [];
  const state = new Map<string, "open" | "done">();
  // An explicit stack: a long chain of functions must not use the JavaScript stack.
  const path: { key: string; entry: LibraryFunction; next: number }[] = [];
  const open = (key: string): void => {
    if (state.get(key) === "done") return;
    if (state.get(key) === "open") throw cycleError([...path.map((step) => step.key), key]);
    state.set(key, "open");
    path.push({ key, entry: findFunction(key, library, path.at(-1)?.entry.name), next: 0 });
  };
  for (const { name, arity } of wanted) {
    open(`${name}/${arity}`);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const dependency = step.entry.dependsOn[step.next];
      step.next += 1;
      if (dependency === undefined) {
        path.pop();
        state.set(step.key, "done");
        ordered.push(step.entry);
      } else if (dependency !== step.key) open(dependency);
    }
  }
  return ordered;
}

function nameOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

function cycleError(keys: readonly string[]): AppError {
  const from = keys.indexOf(keys.at(-1) ?? "");
  const cycle = keys.slice(from).map(nameOf);
  return new AppError("jq_cycle", `The functions call each other in a circle: ${cycle.join(" -> ")}.`, {
    hint: "Break the circle: nest one of them as a helper inside another, or pass it as an argument.",
    details: { cycle },
  });
}

function findFunction(
  key: string,
  library: ReadonlyMap<string, LibraryFunction>,
  caller: string | undefined,
): LibraryFunction {
  const found = library.get(key);
  if (found !== undefined) return found;
  const name = nameOf(key);
  const given = Number(key.slice(name.length + 1));
  const sameName = [...library.keys()].find((candidate) => nameOf(candidate) === name);
  if (sameName !== undefined) {
    const takes = Number(sameName.slice(name.length + 1));
    const by = caller === undefined ? "" : `, called by "${caller}",`;
    const message = `The function "${name}"${by} takes ${countArguments(takes)}, and the call gives ${countArguments(given)}.`;
    throw new AppError("jq_unknown_name", message, {
      hint: 'Arguments are separated by ";": f(a; b).',
      details: { name, arity: given, exists: takes },
    });
  }
  const near = nearNames(
    name,
    Array.from(library.values(), (entry) => entry.name),
  );
  const by = caller === undefined ? "" : `, called by "${caller}"`;
  throw new AppError("jq_unknown_name", `The library has no function "${name}" with ${countArguments(given)}${by}.`, {
    hint: didYouMean(near) || "Save it first, or take the call away.",
    details: { name, arity: given, near },
  });
}

function countArguments(count: number): string {
  return count === 0 ? "no arguments" : count === 1 ? "1 argument" : `${count} arguments`;
}
