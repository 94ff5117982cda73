// What the code editor offers to complete, to whoever asks: only what they may see. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { builtins, formats } from "../../../engines/jq/syntax/builtins.ts";
import type { Dataset } from "../../../features/datasets/schema.ts";
import type { JqFunction } from "../../../features/jq-functions/schema.ts";
import { readerOf } from "../../../features/workspace/workspace.ts";
import { listLimits } from "../../../limits.ts";
import type { Offers } from "./editor-answers.ts";

type Word = Offers["words"][number];

/** For jq: functions, formats and the fields of these datasets. */
export function jqOffers({ catalogue }: Pick<CallContext, "catalogue">, datasets: readonly string[]): Offers {
  const chosen = datasets.flatMap((name) => catalogue.datasets.get(name) ?? []);
  return {
    words: [...builtinWords(), ...[...catalogue.functions.values()].map(wordOf), ...formatWords()],
    fields: chosen.flatMap(fieldsOf),
  };
}

/** For SQL: tables, frames with a name and datasets, and their columns. */
export async function sqlOffers(call: CallContext): Promise<Offers> {
  const reader = readerOf(call);
  const [{ tables }, frames] = await Promise.all([
    call.workspace.tables().list({ limit: listLimits.maxEntries }, reader),
    call.workspace.frames().list(reader),
  ]);
  const relations = [
    ...tables.map(({ name, columns }) => ({ name, detail: "table", columns })),
    ...frames.flatMap(({ name, columns }) => (name === null ? [] : [{ name, detail: "frame", columns }])),
    ...[...call.catalogue.datasets.values()].map(({ name, schema }) => ({
      name,
      detail: "dataset",
      columns: schema.fields
        .filter(({ path }) => /^\w+$/.test(path))
        .map(({ path, types }) => ({ name: path, type: types.join(" or ") })),
    })),
  ];
  const columns = new Map<string, Word>();
  for (const relation of relations) {
    for (const { name, type } of relation.columns) {
      const known = columns.get(name);
      const info = known?.info === undefined ? `of ${relation.name}` : `${known.info}, ${relation.name}`;
      columns.set(name, { label: name, type: "column", detail: String(type), info });
    }
  }
  const named = relations.map(({ name, detail }): Word => ({ label: name, type: "table", detail }));
  return { words: [...named, ...columns.values()], fields: [] };
}

function builtinWords(): Word[] {
  const arities = new Map<string, number[]>();
  for (const { name, arity, kind } of builtins.values()) {
    if (kind === "forbidden" || name.startsWith("_")) continue;
    arities.set(name, [...(arities.get(name) ?? []), arity]);
  }
  return [...arities].map(([label, found]) => ({ label, type: "builtin", ...shapeOf(found.sort()) }));
}

/** How it is called: nothing for no arguments, `(a; b)` for two, `or (a)` where both are possible. */
function shapeOf(arities: readonly number[]): { detail?: string } {
  const shapes = arities
    .filter((arity) => arity > 0)
    .map((arity) => `(${"abcd".slice(0, arity).split("").join("; ")})`);
  if (shapes.length === 0) return {};
  return { detail: arities.includes(0) ? `or ${shapes.join(" or ")}` : shapes.join(" or ") };
}

function wordOf({ name, parameters, description }: JqFunction): Word {
  const shape = parameters.length === 0 ? "" : `(${parameters.map((parameter) => parameter.name).join("; ")})`;
  return {
    ...{ label: name, type: "function", detail: `${shape} of the team`.trim() },
    ...(description === "" ? {} : { info: description }),
  };
}

function formatWords(): Word[] {
  return [...formats].map((name) => ({ label: `@${name}`, type: "format" }));
}

function fieldsOf({ schema }: Dataset): Offers["fields"] {
  return schema.fields
    .filter(({ path }) => path !== ".")
    .map(({ path, types }) => ({ path, type: types.join(" or ") }));
}
