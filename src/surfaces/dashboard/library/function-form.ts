// A function as the fields of the editor's form, and back as what the save tools take. Pure.
import { isAppError } from "../../../core/errors.ts";
import { parseDefinition } from "../../../engines/jq/syntax/analyse.ts";
import type { FunctionContent } from "../../../features/approvals/schema.ts";
import type { FunctionParameter } from "../../../features/jq-functions/schema.ts";
import { lines, rowsIn } from "./tool-form.ts";

export const noteFields = ["param", "param_type", "param_about"] as const;
export type NoteRow = Readonly<Record<(typeof noteFields)[number], string>>;

/** A function's content as the fields of a form. */
export function fieldsOfFunction(content: FunctionContent): URLSearchParams {
  const fields = new URLSearchParams({
    description: content.description,
    definition: content.definition,
    allow_builtin_name: content.allow_builtin_name ? "yes" : "",
  });
  for (const { name, type, description } of content.parameters) {
    fields.append("param", name);
    fields.append("param_type", type ?? "");
    fields.append("param_about", description ?? "");
  }
  return fields;
}

/** What the form says of a function. Notes are kept for parameters that the def still has. */
export function functionOf(fields: URLSearchParams): FunctionContent {
  const definition = lines(fields.get("definition") ?? "");
  return {
    definition,
    description: (fields.get("description") ?? "").trim(),
    parameters: notesOf(fields, definition).map(noteOf),
    allow_builtin_name: fields.get("allow_builtin_name") === "yes",
  };
}

/** A row for each parameter of the def, with what the form says of it; the form's own while the def cannot be read. */
export function notesOf(fields: URLSearchParams, definition: string): NoteRow[] {
  const rows = rowsIn(fields, noteFields).filter(({ param }) => param !== "");
  const params = paramsOf(definition);
  if (params === undefined) return rows;
  const bare = (name: string): string => name.replace(/^\$/, "");
  return params.map((name) => {
    const known = rows.find(({ param }) => bare(param) === bare(name));
    return { param: name, param_type: known?.param_type ?? "", param_about: known?.param_about ?? "" };
  });
}

function noteOf({ param, param_type, param_about }: NoteRow): FunctionParameter {
  return {
    name: param,
    ...(param_type.trim() === "" ? {} : { type: param_type.trim() }),
    ...(param_about.trim() === "" ? {} : { description: param_about.trim() }),
  };
}

function paramsOf(definition: string): string[] | undefined {
  try {
    return parseDefinition(definition).params.map(({ name, isVariable }) => (isVariable ? `$${name}` : name));
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** The name in the def, when it can be read. */
export function nameInDefinition(definition: string): string | undefined {
  try {
    return parseDefinition(definition).name;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
