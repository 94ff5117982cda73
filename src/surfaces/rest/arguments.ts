// Texts of an address made the values that a schema asks for. Runs at the edge.
import type { z } from "zod";
import { AppError } from "../../core/errors.ts";

/**
 * The query string as values: of each name the first reading that the schema takes, out of the text itself, the text as JSON and, for names
 * given more than once or lists, the same of them all. What no reading fits is handed on for the schema to refuse. Names the schema does not
 * know are handed on, too. Throws `invalid_argument` for a name given twice that is no list.
 */
export function readQuery(query: URLSearchParams, schema: z.ZodObject): Record<string, unknown> {
  const names = new Set(query.keys());
  return Object.fromEntries(
    [...names].map((name) => [name, readValues(name, query.getAll(name), fieldOf(schema, name))]),
  );
}

/** One text of a path, as the schema of that name takes it. */
export function readText(text: string, name: string, schema: z.ZodObject): unknown {
  return readValues(name, [text], fieldOf(schema, name));
}

function fieldOf(schema: z.ZodObject, name: string): z.core.$ZodType | undefined {
  return Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
}

function readValues(name: string, texts: readonly string[], field: z.core.$ZodType | undefined): unknown {
  const parsed = texts.map(asJson);
  const [text = "", more] = texts;
  const single = more === undefined ? [text, parsed[0]] : [];
  const readings = [...single, texts, parsed];
  const fitting = field === undefined ? undefined : readings.find((reading) => fits(field, reading));
  if (fitting !== undefined) return fitting;
  if (more !== undefined && !takesLists(field)) throw givenTwice(name);
  return parsed[0];
}

function fits(field: z.core.$ZodType, value: unknown): boolean {
  return value !== undefined && (field as z.ZodType).safeParse(value).success;
}

function takesLists(field: z.core.$ZodType | undefined): boolean {
  const inner = field?._zod.def as
    | { type: string; innerType?: z.core.$ZodType; options?: z.core.$ZodType[] }
    | undefined;
  if (inner === undefined) return false;
  if (inner.type === "array" || inner.type === "tuple") return true;
  return takesLists(inner.innerType) || (inner.options ?? []).some(takesLists);
}

/** The value that a text says as JSON; else the text. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function givenTwice(name: string): AppError {
  return new AppError("invalid_argument", `query: ${name} is given more than once.`, { hint: "Give it once." });
}
