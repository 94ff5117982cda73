// What every OpenAPI document of ours has besides its operations: the problem, shared headers and parameters, ways to sign in. Runs at the edge.
import { errorCodes } from "../../core/errors.ts";

const text = { type: "string" };

export const problem = {
  type: "object",
  description: "What went wrong (RFC 9457).",
  properties: {
    type: { type: "string", description: "urn:super-data:error:<code>" },
    title: text,
    status: { type: "integer" },
    code: { type: "string", enum: errorCodes, description: "What to decide by." },
    detail: { type: "string", description: "What is wrong, in plain words." },
    hint: { type: "string", description: "What to do next." },
    details: {
      type: "object",
      description: "A limit and its value, a place in a program, near names, the current etag.",
    },
    request_id: { type: "string", description: "Names this request in the server's log." },
  },
  required: ["type", "title", "status", "code", "detail", "request_id"],
};

export const responses = {
  Problem: {
    description: "A problem: what is wrong and what to do.",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  },
  NotModified: {
    description: "Nothing has changed since the etag in If-None-Match.",
    headers: { ETag: { $ref: "#/components/headers/ETag" } },
  },
};

export const parameters = {
  "If-Match": {
    name: "If-Match",
    in: "header",
    description: "Only when the resource still has this etag, which reading it gave; `*`: whatever it has. Else 412.",
    schema: text,
  },
  "If-None-Match-Any": {
    name: "If-None-Match",
    in: "header",
    description: "`*`: only when there is none yet. Else 412.",
    schema: text,
  },
  "If-None-Match": {
    name: "If-None-Match",
    in: "header",
    description: "An etag that is known: 304 without content while it still holds.",
    schema: text,
  },
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    description: "The same request sent again with the same key is done once; kept for 24 hours.",
    schema: { type: "string", minLength: 1, maxLength: 200 },
  },
};

export const headers = {
  ETag: { description: "The state of what is shown, for If-None-Match and If-Match.", schema: text },
};

export const securitySchemes = {
  token: { type: "http", scheme: "bearer", description: "A token of this team, or an OAuth access token." },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "__Host-session",
    description: "The session of a signed-in browser, which sends it by itself.",
  },
};
