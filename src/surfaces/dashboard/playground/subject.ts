// What a query is about: the data that was chosen, with its fields, whichever kind it is. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { undefinedOn } from "../../../core/errors.ts";
import { typeText } from "../../../engines/frame/types.ts";
import { fitsWhole } from "../../../features/datasets/datasets.ts";
import type { Dataset } from "../../../features/datasets/schema.ts";
import type { ListedRelation } from "../../../features/query/schema.ts";
import { readerOf } from "../../../features/workspace/workspace.ts";
import type { Reading } from "./state.ts";

/** A field of the data: a path like `address.city` or `tags[]`. */
export interface Field {
  path: string;
  /** As people read it: `string`, `number or null`, `timestamp[ms]`. */
  type: string;
  kind: "number" | "text" | "time" | "other";
  /** A few values, where they are known. */
  examples: readonly unknown[];
  /** Share of the records that have it. */
  present: number;
}

/** The data that a query reads. */
export interface Subject {
  kind: "dataset" | "table" | "frame";
  name: string;
  description: string;
  /** records: a list of records; whole: one document. */
  shape: "records" | "whole";
  records: number;
  bytes: number;
  /** Small enough for a program that reads all of it at once. */
  fits: boolean;
  fields: Field[];
}

/** The dataset, table or frame of that name; undefined when there is none that the caller sees. */
export async function findSubject(call: CallContext, name: string): Promise<Subject | undefined> {
  if (name === "") return undefined;
  const dataset = call.catalogue.datasets.get(name);
  if (dataset !== undefined) return datasetSubject(dataset);
  const found = await undefinedOn(["not_found"], call.workspace.relations().find(name, readerOf(call)));
  if (found === undefined) return undefined;
  const { kind, id, description, rows, bytes, columns } = found;
  return {
    kind,
    name: found.name ?? id,
    description,
    shape: "records",
    records: rows,
    bytes,
    fits: fitsWhole({ bytes }),
    fields: columns.map((column) => ({
      path: column.name,
      type: typeText(column),
      kind: kindOfType(column.type),
      examples: [],
      present: 1,
    })),
  };
}

function kindOfType(type: string): Field["kind"] {
  if (["int", "int64", "float", "decimal"].includes(type)) return "number";
  if (type === "date" || type === "timestamp") return "time";
  return type === "text" || type === "bool" ? "text" : "other";
}

const dateText = /^\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}.*)?)?$/;

export function datasetSubject(dataset: Dataset): Subject {
  const { name, description, kind, record_count, bytes, schema } = dataset;
  return {
    ...{ kind: "dataset", name, description, shape: kind, records: record_count, bytes },
    fits: fitsWhole(dataset),
    fields: schema.fields.map(({ path, types, examples, present }) => ({
      ...{ path, examples, present },
      type: types.join(" or "),
      kind: kindOfValues(types, examples),
    })),
  };
}

function kindOfValues(types: readonly string[], examples: readonly unknown[]): Field["kind"] {
  const real = types.filter((type) => type !== "null");
  const [only] = real;
  if (real.length !== 1) return "other";
  if (only === "number") return "number";
  if (only === "boolean") return "text";
  if (only !== "string") return "other";
  const isTime = examples.length > 0 && examples.every((value) => typeof value === "string" && dateText.test(value));
  return isTime ? "time" : "text";
}

/** All there is to choose from, by name. */
export interface Choices {
  datasets: string[];
  tables: string[];
  frames: { value: string; label: string }[];
}

export function choicesOf(call: CallContext, relations: readonly ListedRelation[]): Choices {
  const named = (kind: ListedRelation["kind"]) => relations.filter((relation) => relation.kind === kind);
  return {
    datasets: [...call.catalogue.datasets.keys()].sort(),
    tables: named("table").map(({ id, name }) => name ?? id),
    frames: named("frame").map(({ id, name, description }) => ({
      value: name ?? id,
      label: name ?? `${id}: ${description}`,
    })),
  };
}

/** How a program reads the data, once it is settled. */
export interface Settled {
  input: "whole" | "records";
  nullInput: boolean;
}

/**
 * How the program reads this data: as asked; else as a whole while that fits. What is larger is read record by record, or as a stream by a
 * program that asks for `inputs`.
 */
export function settleReading(read: Reading, q: string, subject: Pick<Subject, "fits" | "shape"> | undefined): Settled {
  switch (read) {
    case "whole":
      return { input: "whole", nullInput: false };
    case "records":
      return { input: "records", nullInput: false };
    case "inputs":
      return { input: "records", nullInput: true };
    case "auto":
      if (subject === undefined || subject.fits || subject.shape === "whole")
        return { input: "whole", nullInput: false };
      return { input: "records", nullInput: /\binputs?\b/.test(withoutTexts(q)) };
  }
}

/** The program without its string literals, comments and field names, where words are only words. */
function withoutTexts(q: string): string {
  return q.replaceAll(/"(?:[^"\\]|\\.)*"|#[^\n]*|\.[A-Za-z_]\w*|\$\w+/g, " ");
}

/** The reading that says the same aloud. */
export function readingOf({ input, nullInput }: Settled): Reading {
  return nullInput ? "inputs" : input;
}
