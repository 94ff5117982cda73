// The API's OpenAPI document as a judge of its answers: status, media type and body must be what it says. Runs in Node.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

export type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  id: string;
  method: string;
  /** With `{name}` for what varies. */
  path: string;
  parameters: readonly Json[];
  body: Json | undefined;
  responses: Json;
}

export interface JudgedAnswer {
  status: number;
  type: string;
  body: string;
}

const methods = ["get", "post", "put", "patch", "delete"];
const place = "openapi";

const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isJson(inner) ? inner[key] : undefined), value);

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class ApiDocument {
  readonly operations: readonly Operation[];
  readonly #document: Json;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: Json) {
    this.#document = document;
    this.#ajv.addSchema(document, place);
    const paths = Object.entries(isJson(document.paths) ? document.paths : {});
    this.operations = paths.flatMap(([path, item]) =>
      methods.flatMap((method) => {
        const operation = at(item, method);
        return isJson(operation) ? [this.#operation(method, path, operation)] : [];
      }),
    );
  }

  #operation(method: string, path: string, operation: Json): Operation {
    const parameters = Array.isArray(operation.parameters) ? operation.parameters : [];
    const body = this.resolve(operation.requestBody);
    return {
      id: String(operation.operationId),
      method: method.toUpperCase(),
      path,
      parameters: parameters.map((parameter) => this.resolve(parameter)).filter(isJson),
      body: isJson(body) ? body : undefined,
      responses: isJson(operation.responses) ? operation.responses : {},
    };
  }

  /** What a reference points to; anything else as it is. */
  resolve(value: unknown): unknown {
    const reference = at(value, "$ref");
    return typeof reference === "string" ? this.resolve(at(this.#document, ...pointer(reference))) : value;
  }

  /** The operation that a request goes to; of two that fit, the one with the fewer parameters. `path` is below the API's address. */
  find(method: string, path: string): Operation | undefined {
    const wanted = method === "HEAD" ? "GET" : method;
    const fitting = this.operations.filter((one) => one.method === wanted && fits(one.path, path));
    return fitting.sort((a, b) => a.path.split("{").length - b.path.split("{").length)[0];
  }

  /** What is not as the document says; undefined when all is. */
  fault(operation: Operation, { status, type, body }: JudgedAnswer): string | undefined {
    const { responses } = operation;
    const response = this.resolve(responses[status] ?? responses[`${Math.floor(status / 100)}XX`] ?? responses.default);
    if (!isJson(response)) return `${operation.id}: its ${status} is not documented`;
    const contents = isJson(response.content) ? response.content : {};
    const media = type.split(";")[0]?.trim().toLowerCase() ?? "";
    if (Object.keys(contents).length === 0)
      return body === "" ? undefined : `${operation.id}: its ${status} has a body that is not documented`;
    const content = Object.entries(contents).find(([name]) => name.split(";")[0]?.toLowerCase() === media)?.[1];
    if (content === undefined) return `${operation.id}: its ${status} is of the type ${media}, which is not documented`;
    if (!/[/+]json$/.test(media) || at(content, "schema") === undefined) return undefined;
    return this.#schemaFault(operation, status, at(content, "schema"), body);
  }

  #schemaFault({ id }: Operation, status: number, schema: unknown, body: string): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return `${id}: its ${status} is not JSON`;
    }
    const validate = this.#validator(schema);
    if (validate(value)) return undefined;
    const [error] = validate.errors ?? [];
    return `${id}: its ${status} is not as documented: ${error?.instancePath ?? ""} ${error?.message ?? ""} ${JSON.stringify(error?.params)}`;
  }

  #validator(schema: unknown): ValidateFunction {
    const key = JSON.stringify(schema);
    const known = this.#validators.get(key);
    if (known !== undefined) return known;
    // References of the document are of the document itself.
    const placed = JSON.parse(key.replaceAll('"$ref":"#/', `"$ref":"${place}#/`)) as Json;
    const made = this.#ajv.compile(placed);
    this.#validators.set(key, made);
    return made;
  }
}

function pointer(reference: string): string[] {
  return reference
    .replace(/^#\//, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith("{") ? given[index] !== "" : part === given[index]))
  );
}
