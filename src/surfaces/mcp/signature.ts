// A tool's arguments as one short line, so that a model can call it without reading its JSON Schema. Pure.
import { isRecord } from "../../core/exact-json.ts";

const maxEnumValues = 12;

/** `name: type` for each argument, `?` marking optional ones, `= value` a default; `hidden` names are left out. */
export function signatureOf(inputSchema: unknown, hidden: ReadonlySet<string> = new Set()): string {
  if (!isRecord(inputSchema) || !isRecord(inputSchema.properties)) return "";
  const required = new Set(Array.isArray(inputSchema.required) ? inputSchema.required : []);
  return Object.entries(inputSchema.properties)
    .filter(([name]) => !hidden.has(name))
    .map(([name, schema]) => {
      const preset = isRecord(schema) && schema.default !== undefined ? ` = ${JSON.stringify(schema.default)}` : "";
      return `${name}${required.has(name) && preset === "" ? "" : "?"}: ${typeOf(schema)}${preset}`;
    })
    .join(", ");
}

function typeOf(schema: unknown): string {
  if (!isRecord(schema)) return "any";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return enumOf(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return [...new Set(choices.map(typeOf))].join(" | ");
  if (schema.type === "array") return `array of ${typeOf(schema.items)}`;
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  return typeof schema.type === "string" ? schema.type : "any";
}

function enumOf(values: readonly unknown[]): string {
  const shown = values.slice(0, maxEnumValues).map((value) => JSON.stringify(value));
  return values.length > maxEnumValues ? `${shown.join(" | ")} | … (${values.length} values)` : shown.join(" | ");
}
