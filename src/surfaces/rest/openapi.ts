// The OpenAPI 3.1 document of the REST API, written from the list of routes. Runs at the edge.
import type * as z from "zod";
import { version } from "../../../package.json";
import type { CallContext } from "../../context.ts";
import { type Bytes, isBytes, type OwnRoute, pathParameters, type ToolRoute } from "../../core/define-route.ts";
import { idempotencyKey } from "../../core/define-tool.ts";
import { isRecord } from "../../core/exact-json.ts";
import { permissionRules } from "../../features/access/access.ts";
import type { ApiRoute } from "../../route.ts";
import { type Json, SchemaWriter } from "./json-schemas.ts";
import { headers, parameters, problem, responses, securitySchemes } from "./openapi-components.ts";
import { openApiIntroduction, tagDescriptions } from "./openapi-words.ts";
import { mayBeAbsent, shownBy } from "./preconditions.ts";

const dialect = "https://spec.openapis.org/oas/3.1/dialect/base";

/** What a request says, by place. */
interface Taken {
  path: Json;
  query: Json;
  body: Json | undefined;
  bytes?: Bytes;
  /** Names that a request must give in the query or the body. */
  required: readonly string[];
}

/** The document for one team, whose API is at `server`. */
export function openApiDocument(routes: readonly ApiRoute[], server: string): Json {
  const writer = new SchemaWriter();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const address = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[address] = { ...paths[address], [route.method.toLowerCase()]: operation(route, routes, writer) };
  }
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: dialect,
    info: { title: "Super Data", version, summary: "A team's data server.", description: openApiIntroduction },
    servers: [{ url: server }],
    security: [{ token: [] }, { session: [] }],
    tags: tags.map((name) => ({ name, ...describedTag(name) })),
    paths,
    components: {
      schemas: { Problem: problem, ...writer.components },
      responses,
      parameters,
      headers,
      securitySchemes,
    },
  };
}

function describedTag(name: string): Json {
  const description = tagDescriptions[name];
  return description === undefined ? {} : { description };
}

function operation(route: ApiRoute, routes: readonly ApiRoute[], writer: SchemaWriter): Json {
  const { operation: operationId, tag, summary, permission } = route;
  const taken = route.kind === "tool" ? takenByTool(route, writer) : takenByOwn(route, writer);
  return {
    operationId,
    tags: [tag],
    summary,
    description: described(route),
    "x-permission": permission,
    parameters: [...parametersOf(taken), ...headerParameters(route, routes)],
    ...requestBody(route, taken),
    responses: responsesOf(route, writer),
  };
}

function described({ description, permission, errors }: ApiRoute): string {
  const { role, scope } = permissionRules[permission];
  const needs = scope === null ? `Needs the role ${role}.` : `Needs the role ${role} and the scope \`${scope}\`.`;
  const codes = errors === undefined ? [] : [`Errors of its own: ${errors.map((code) => `\`${code}\``).join(", ")}.`];
  return [description ?? "", `${needs} Permission: \`${permission}\`.`, ...codes].join("\n\n").trim();
}

function takenByTool(route: ToolRoute<CallContext>, writer: SchemaWriter): Taken {
  const { tool, method, fixed = {}, preset = {}, without = [] } = route;
  const schema = writer.write(tool.input, route.operation);
  const all = propertiesOf(schema);
  const inPath = pathParameters(route.path);
  const left = new Set([...inPath, ...Object.keys(fixed), ...without, idempotencyKey]);
  const given = Object.fromEntries(
    Object.entries(all)
      .filter(([name]) => !left.has(name))
      .map(([name, value]) => [name, Object.hasOwn(preset, name) ? withDefault(value, preset[name]) : value]),
  );
  const required = requiredOf(schema).filter((name) => !left.has(name) && !Object.hasOwn(preset, name));
  const path = Object.fromEntries(inPath.map((name) => [name, all[name]]));
  const inQuery = method === "GET" || (method === "DELETE" && !Object.values(given).some(isObjectSchema));
  if (inQuery) return { path, query: given, body: undefined, required };
  const hasBody = Object.keys(given).length > 0;
  const body = { type: "object", properties: given, required, additionalProperties: false };
  return { path, query: {}, body: hasBody ? body : undefined, required };
}

/** The default that holds over REST, also where the words speak of another. */
function withDefault(schema: unknown, value: unknown): unknown {
  if (!isRecord(schema)) return schema;
  const { description, ...rest } = schema;
  const words = typeof description === "string" ? description.replace(/^Default \S+\.$/, "").trim() : "";
  return { ...rest, default: value, ...(words === "" ? {} : { description: words }) };
}

function takenByOwn({ operation: place, params, query, body }: OwnRoute<CallContext>, writer: SchemaWriter): Taken {
  const write = (schema: z.ZodType | undefined): Json => (schema === undefined ? {} : writer.write(schema, place));
  const asked = write(query);
  return {
    path: propertiesOf(write(params)),
    query: propertiesOf(asked),
    ...(isBytes(body)
      ? { body: undefined, bytes: body }
      : { body: body === undefined ? undefined : { ...write(body), additionalProperties: false } }),
    required: requiredOf(asked),
  };
}

function parametersOf({ path, query, required }: Taken): Json[] {
  const inPath = Object.entries(path).map(([name, schema]) => parameter("path", name, schema, true));
  return [
    ...inPath,
    ...Object.entries(query).map(([name, schema]) => parameter("query", name, schema, required.includes(name))),
  ];
}

/** An object stands in a query string as JSON text. */
function parameter(place: "path" | "query", name: string, schema: unknown, isRequired: boolean): Json {
  const { description, ...rest } = isRecord(schema) ? schema : {};
  return {
    name,
    in: place,
    ...(isRequired ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    ...(isObjectSchema(schema) ? { content: { "application/json": { schema: rest } } } : { schema: rest }),
  };
}

function headerParameters(route: ApiRoute, routes: readonly ApiRoute[]): Json[] {
  const own = (route.headers ?? []).filter(({ of }) => of !== "answer");
  const known = new Set(own.map(({ name }) => name));
  const shown = shownBy(route, routes);
  const ours = [
    ...(shown === undefined ? [] : ["If-Match"]),
    ...(shown !== undefined && mayBeAbsent(route, shown) ? ["If-None-Match-Any"] : []),
    ...(hasEtag(route) ? ["If-None-Match"] : []),
    ...(route.writes ? ["Idempotency-Key"] : []),
  ].filter((name) => !known.has(name.replace(/-Any$/, "")));
  return [
    ...ours.map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ...own.map(({ name, description }) => ({ name, in: "header", description, schema: { type: "string" } })),
  ];
}

const hasEtag = (route: ApiRoute): boolean => route.method === "GET" && route.unstored !== true;

function requestBody({ example }: ApiRoute, { body, bytes }: Taken): Json {
  if (bytes !== undefined) {
    const content = Object.fromEntries(bytes.types.map((type) => [type, {}]));
    return { requestBody: { description: bytes.description, required: true, content } };
  }
  if (body === undefined) return {};
  const shown = example?.request === undefined ? {} : { example: example.request };
  const isRequired = requiredOf(body).length > 0;
  return { requestBody: { required: isRequired, content: { "application/json": { schema: body, ...shown } } } };
}

function responsesOf(route: ApiRoute, writer: SchemaWriter): Json {
  const answer = route.kind === "tool" ? route.tool.output : route.answer;
  const status = route.status ?? (answer === undefined ? 204 : 200);
  const done = success(route, status === 204 ? undefined : answer, writer);
  const conditional = hasEtag(route) ? { "304": { $ref: "#/components/responses/NotModified" } } : {};
  return {
    [status]: done,
    ...(route.mayCreate === true ? { "201": { ...done, description: "Made anew." } } : {}),
    ...conditional,
    "4XX": { $ref: "#/components/responses/Problem" },
    "5XX": { $ref: "#/components/responses/Problem" },
  };
}

function success(route: ApiRoute, answer: z.ZodType | Bytes | undefined, writer: SchemaWriter): Json {
  const own = (route.headers ?? []).filter(({ of }) => of === "answer");
  const given = {
    ...(hasEtag(route) ? { ETag: { $ref: "#/components/headers/ETag" } } : {}),
    ...Object.fromEntries(own.map(({ name, description }) => [name, { description, schema: { type: "string" } }])),
  };
  const shownHeaders = Object.keys(given).length === 0 ? {} : { headers: given };
  if (answer === undefined) return { description: "Done; there is no content.", ...shownHeaders };
  if (isBytes(answer)) {
    const content = Object.fromEntries(answer.types.map((type) => [type, {}]));
    return { description: answer.description, ...shownHeaders, content };
  }
  const example = route.example?.answer === undefined ? {} : { example: route.example.answer };
  const schema = writer.write(answer, route.operation);
  const also = route.kind === "tool" ? route.also : undefined;
  const others = Object.fromEntries((also?.types ?? []).map((type) => [type, {}]));
  return { description: "Done.", ...shownHeaders, content: { "application/json": { schema, ...example }, ...others } };
}

function propertiesOf(schema: Json): Json {
  return isRecord(schema.properties) ? schema.properties : {};
}

function requiredOf(schema: Json): string[] {
  return Array.isArray(schema.required) ? schema.required.map(String) : [];
}

function isObjectSchema(schema: unknown): boolean {
  return (
    isRecord(schema) && (schema.type === "object" || (typeof schema.$ref === "string" && schema.type === undefined))
  );
}
