// Puts a program together from library functions and a query. Runs anywhere.

/** The program of some functions and a query, and the line (from 1) on which the query starts. Functions come in dependency order. */
export function assemble(
  functions: readonly { readonly name: string; readonly definition: string }[],
  query: string,
): { program: string; queryLine: number } {
  // Each definition ends its line, so that a comment at its end does not swallow what follows.
  const prelude = functions.map(({ definition }) => `${definition.trim()}\n`).join("");
  return { program: prelude + query, queryLine: prelude.split("\n").length };
}
