// Requests that the OpenAPI document allows, out of its schemas: most of their values are such as a team has. Repeatable by the seed. Runs anywhere.
import type { Random } from "../isolation/random.ts";
import { type ApiDocument, isJson, type Json, type Operation } from "./api-document.ts";
import { oddText } from "./values.ts";

export interface GeneratedRequest {
  method: string;
  /** Below the API's address, with the query string. */
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Names that the team of `apiTeam` knows something under. */
const names = ["sales", "orders", "customers", "totals", "twice", "root", "id", "region", "total"];
const depthMost = 5;

export function generatedRequest(random: Random, document: ApiDocument, operation: Operation): GeneratedRequest {
  const maker = new ValueMaker(random, document);
  let { path } = operation;
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const parameter of operation.parameters) {
    // A key that was used before answers for itself, whatever is asked.
    if (parameter.name === "Idempotency-Key") continue;
    const isRequired = parameter.required === true;
    if (!isRequired && !random.chance(0.3)) continue;
    const value = maker.value(parameter.schema, 0);
    const texts = (Array.isArray(value) ? value : [value]).map(textOf);
    const name = String(parameter.name);
    if (parameter.in === "path") path = path.replace(`{${name}}`, () => segmentOf(texts[0] ?? ""));
    else if (parameter.in === "query") for (const text of texts) query.append(name, text);
    else if (/^[\x20-\x7e]*$/.test(texts[0] ?? "")) headers[name] = texts[0] ?? "";
  }
  const [type, content] = random.pick(Object.entries(contentOf(operation.body))) ?? [];
  if (type !== undefined) headers["content-type"] = type;
  const schema = isJson(content) ? content.schema : undefined;
  const isData = type === "application/json" && schema !== undefined;
  const body = type === undefined ? undefined : isData ? JSON.stringify(maker.value(schema, 0)) : someBytes(random);
  const search = query.size === 0 ? "" : `?${query}`;
  return { method: operation.method, path: path + search, headers, body };
}

const contentOf = (body: Json | undefined): Json => (isJson(body?.content) ? body.content : {});

/** A text as one step of a path: none that a client would leave out. */
const segmentOf = (text: string): string => encodeURIComponent(/^\.{0,2}$/.test(text) ? "x" : text.toWellFormed());

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

const someBytes = (random: Random): string =>
  random.pick(["id,region\n1,EU\n", '[{"id":1}]', '{"id":1}\n', "functions: []", ""]) ?? "";

class ValueMaker {
  readonly #random: Random;
  readonly #document: ApiDocument;

  constructor(random: Random, document: ApiDocument) {
    this.#random = random;
    this.#document = document;
  }

  /** A value that a schema allows, as far as this knows schemas. */
  value(given: unknown, depth: number): unknown {
    const schema = this.#document.resolve(given);
    if (!isJson(schema)) return this.#random.pick(["a", 1, null, true, { a: 1 }, [1]]);
    if (schema.const !== undefined) return schema.const;
    if (Array.isArray(schema.enum)) return this.#random.pick(schema.enum);
    const choices = schema.anyOf ?? schema.oneOf;
    if (Array.isArray(choices)) return this.value(this.#random.pick(choices), depth);
    if (Array.isArray(schema.allOf)) return this.value(schema.allOf[0], depth);
    const type = Array.isArray(schema.type) ? this.#random.pick(schema.type) : schema.type;
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return this.#array(schema, depth);
      case "string":
        return this.#text(schema);
      case "integer":
      case "number":
        return this.#number(schema, type);
      case "boolean":
        return this.#random.chance(0.5);
      case "null":
        return null;
      default:
        return this.#random.pick(["a", 1, null, true]);
    }
  }

  #object(schema: Json, depth: number): Json {
    const required = Array.isArray(schema.required) ? schema.required : [];
    const properties = Object.entries(isJson(schema.properties) ? schema.properties : {});
    const chosen = properties.filter(
      ([name]) => required.includes(name) || (depth < depthMost && this.#random.chance(0.3)),
    );
    const own = chosen.map(([name, inner]): [string, unknown] => [name, this.value(inner, depth + 1)]);
    const free = isJson(schema.additionalProperties) && depth < depthMost ? [this.#random.pick(names) ?? "a"] : [];
    return Object.fromEntries([
      ...own,
      ...free.map((name): [string, unknown] => [name, this.value(schema.additionalProperties, depth + 1)]),
    ]);
  }

  #array({ items, minItems, prefixItems }: Json, depth: number): unknown[] {
    if (Array.isArray(prefixItems)) return prefixItems.map((item) => this.value(item, depth + 1));
    const least = typeof minItems === "number" ? minItems : 0;
    const length = depth < depthMost ? least + this.#random.int(2) : least;
    return Array.from({ length }, () => this.value(items, depth + 1));
  }

  #text({ pattern, minLength, maxLength }: Json): string {
    const most = typeof maxLength === "number" ? maxLength : 1_000;
    const least = typeof minLength === "number" ? minLength : 0;
    const isOdd = pattern === undefined && this.#random.chance(0.2);
    const text = isOdd ? oddText(this.#random) : (this.#random.pick(names) ?? "sales");
    return [...text.padEnd(least, "x")].slice(0, most).join("");
  }

  #number({ minimum, maximum }: Json, type: unknown): number {
    const least = typeof minimum === "number" ? minimum : 0;
    const most = Math.min(typeof maximum === "number" ? maximum : least + 100, least + 1_000);
    const number = least + this.#random.int(Math.max(1, Math.floor(most - least)));
    return type === "number" && this.#random.chance(0.3) ? Math.min(number + 0.5, most) : number;
  }
}
