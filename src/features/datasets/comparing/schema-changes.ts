// What changed between two inferred schemas: fields that came, went, or hold other types. Pure.
import type { DatasetSchema } from "../schema.ts";

type Types = DatasetSchema["fields"][number]["types"];

export interface SchemaChanges {
  added: { path: string; types: Types }[];
  removed: { path: string; types: Types }[];
  changed: { path: string; before: Types; after: Types }[];
  /** False when one of the schemas has more fields than are kept: a field that seems to come or go may have been cut. */
  complete: boolean;
}

/** Compares by path; types in any order are the same types. */
export function schemaChanges(before: DatasetSchema, after: DatasetSchema): SchemaChanges {
  const was = new Map(before.fields.map((field) => [field.path, field.types]));
  const is = new Map(after.fields.map((field) => [field.path, field.types]));
  const changes: SchemaChanges = {
    added: [],
    removed: [],
    changed: [],
    complete: !before.fields_cut && !after.fields_cut,
  };
  for (const [path, types] of was) {
    const now = is.get(path);
    if (now === undefined) changes.removed.push({ path, types });
    else if (!sameTypes(types, now)) changes.changed.push({ path, before: types, after: now });
  }
  for (const [path, types] of is) if (!was.has(path)) changes.added.push({ path, types });
  return changes;
}

function sameTypes(a: Types, b: Types): boolean {
  return a.length === b.length && a.every((type) => b.includes(type));
}

const wholeNames = ["id", "_id", "uuid", "guid", "key", "code", "slug"];
const idLike = /(?:^|_)(?:id|uuid|guid)$|[a-z](?:Id|ID|Uuid|UUID)$/;

/** The field that tells one record from another, by its name and types: there in every record of both, always a string or always a number. */
export function keyFieldOf(before: DatasetSchema, after: DatasetSchema): string | undefined {
  const plain = (schema: DatasetSchema): string[] =>
    schema.fields
      .filter(({ path, types, present }) => {
        const [type] = types;
        return isPlain(path) && present === 1 && types.length === 1 && (type === "string" || type === "number");
      })
      .map(({ path }) => path);
  const later = new Set(plain(after));
  const shared = plain(before).filter((path) => later.has(path));
  const named = wholeNames.find((name) => shared.some((path) => path.toLowerCase() === name));
  return shared.find((path) => path.toLowerCase() === named) ?? shared.find((path) => idLike.test(path));
}

function isPlain(path: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(path);
}
