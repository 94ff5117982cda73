// The summary of what records look like: which fields, of which types, how often. Runs at the edge.
import { isRecord, type JsonType, jsonTypeOf } from "../../../core/exact-json.ts";
import { datasetLimits } from "../../../limits.ts";
import type { DatasetSchema } from "../schema.ts";

type Scalar = string | number | boolean;

interface Field {
  types: Set<JsonType>;
  /** Records that have it. */
  present: number;
  lastRecord: number;
  examples: Scalar[];
}

const exampleCount = 3;
const exampleChars = 40;
const pathChars = 120;
const elementsLookedAt = 20;
const plainKey = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Collects the schema of the records it is shown. Paths are jq's without the leading dot: `a.b`, `tags[]`, `a["odd key"]`; `.` is a record that is no object. */
export class SchemaCollector {
  readonly #fields = new Map<string, Field>();
  #records = 0;
  #cut = false;

  add(record: unknown): void {
    this.#records++;
    if (isRecord(record)) this.#addMembers("", record, 1);
    else this.#addValue(".", record, 1);
  }

  finish(): DatasetSchema {
    const fields: DatasetSchema["fields"] = [];
    let chars = 0;
    let cut = this.#cut;
    for (const [path, field] of this.#fields) {
      const shown = {
        path,
        types: [...field.types],
        present: Math.round((field.present / this.#records) * 10_000) / 10_000,
        examples: field.examples,
      };
      chars += JSON.stringify(shown).length + 1;
      if (chars > datasetLimits.schemaChars) {
        cut = true;
        break;
      }
      fields.push(shown);
    }
    return { fields, records_examined: this.#records, fields_cut: cut };
  }

  #addMembers(prefix: string, object: Readonly<Record<string, unknown>>, depth: number): void {
    for (const key in object) this.#addValue(memberPath(prefix, key), object[key], depth);
  }

  #addValue(path: string, value: unknown, depth: number): void {
    const field = this.#field(path);
    if (field === undefined) return;
    field.types.add(jsonTypeOf(value));
    if (field.lastRecord !== this.#records) {
      field.lastRecord = this.#records;
      field.present++;
    }
    if (Array.isArray(value) || isRecord(value)) this.#descend(path, value, depth);
    else addExample(field.examples, value);
  }

  #descend(path: string, value: readonly unknown[] | Readonly<Record<string, unknown>>, depth: number): void {
    if (depth === datasetLimits.schemaDepth) return;
    if (isRecord(value)) {
      this.#addMembers(path, value, depth + 1);
      return;
    }
    const elements = path === "." ? "[]" : `${path}[]`;
    for (const element of value.slice(0, elementsLookedAt)) {
      // Members of an array's objects are shown at `path[].member`; the elements' own line would only repeat it.
      if (isRecord(element)) this.#addMembers(elements, element, depth + 1);
      else this.#addValue(elements, element, depth + 1);
    }
  }

  #field(path: string): Field | undefined {
    const known = this.#fields.get(path);
    if (known !== undefined) return known;
    if (this.#fields.size === datasetLimits.schemaFields || path.length > pathChars) {
      this.#cut = true;
      return undefined;
    }
    const field: Field = { types: new Set(), present: 0, lastRecord: 0, examples: [] };
    this.#fields.set(path, field);
    return field;
  }
}

/** The path of a member, as the schema has it: `a.b`, `a["odd key"]`. */
export function memberPath(prefix: string, key: string): string {
  if (!plainKey.test(key)) return `${prefix}[${JSON.stringify(key)}]`;
  return prefix === "" ? key : `${prefix}.${key}`;
}

function addExample(examples: Scalar[], value: unknown): void {
  if (examples.length === exampleCount) return;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return;
  // JSON.parse has rounded such a number, or made it infinite: showing it would show what is not in the data.
  if (typeof value === "number" && !Number.isSafeInteger(value) && !isFraction(value)) return;
  const shown =
    typeof value === "string" && value.length > exampleChars
      ? `${[...value.slice(0, exampleChars)].slice(0, -1).join("")}…`
      : value;
  if (!examples.includes(shown)) examples.push(shown);
}

function isFraction(value: number): boolean {
  return Number.isFinite(value) && !Number.isInteger(value);
}
