// Which pages elsewhere may call the REST API: none, until the operator names their origins. Runs in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { freshTeam } from "../../../test/helpers/team.ts";
import { app } from "../app.ts";
import { restOrigins } from "./cors.ts";

const ours = "https://notebooks.example";
const preflight = {
  origin: ours,
  "access-control-request-method": "PUT",
  "access-control-request-headers": "if-match",
};

async function ask(method: string, path: string, headers: Record<string, string>, origins = `${ours}, https://b.test`) {
  const ctx = createExecutionContext();
  const bindings = { ...env, ...(origins === "" ? {} : { REST_ALLOWED_ORIGINS: origins }) };
  const answer = await app.fetch(new Request(`https://data.test${path}`, { method, headers }), bindings, ctx);
  await answer.arrayBuffer();
  await waitOnExecutionContext(ctx);
  const found = Object.fromEntries([...answer.headers].filter(([name]) => /^access-control-|^vary$/.test(name)));
  return { status: answer.status, headers: found };
}

const exposed =
  "ETag, Link, Location, Allow, WWW-Authenticate, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotency-Replayed, Accept-Ranges, Content-Range, Content-Disposition, Repr-Digest, Unencoded-Digest";

describe("an origin that is named", () => {
  it("is answered before its page has shown a token", async () => {
    expect(await ask("OPTIONS", "/t/no-such-team/api/v1/datasets/a", preflight)).toEqual({
      status: 204,
      headers: {
        "access-control-allow-origin": ours,
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers":
          "Authorization, Content-Type, Content-Encoding, Content-Digest, Repr-Digest, Want-Repr-Digest, Idempotency-Key, If-Match, If-None-Match, If-Range, Range",
        "access-control-max-age": "86400",
        vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      },
    });
  });

  it("reads answers and refusals, never with credentials of the browser", async () => {
    const team = await freshTeam();
    const authorization = `Bearer ${await team.token()}`;
    const read = await ask("GET", `/t/${team.slug}/api/v1/datasets`, { origin: ours, authorization });
    expect(read).toEqual({
      status: 200,
      headers: {
        "access-control-allow-origin": ours,
        "access-control-expose-headers": exposed,
        vary: "Accept-Encoding, Origin",
      },
    });
    const refused = await ask("GET", `/t/${team.slug}/api/v1/datasets`, { origin: ours });
    expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([401, ours]);
  });
});

describe("any other page", () => {
  it.each([
    ["an origin that is not named", "https://evil.example", undefined],
    ["another scheme", "http://notebooks.example", undefined],
    ["another port", `${ours}:8443`, undefined],
    ["a name that ends so", "https://my.notebooks.example", undefined],
    ["a page without an origin", "null", "null, *"],
    ["every origin", ours, "*"],
    ["the named one, when none is", ours, ""],
  ])("learns nothing: %s", async (_name, origin, origins) => {
    const team = await freshTeam();
    const authorization = `Bearer ${await team.token()}`;
    const path = `/t/${team.slug}/api/v1/datasets`;
    const read = await ask("GET", path, { origin, authorization }, origins);
    expect(read.headers["access-control-allow-origin"]).toBeUndefined();
    expect(read.status).toBe(200);
    const asked = await ask("OPTIONS", path, { ...preflight, origin }, origins);
    expect([asked.status >= 400, asked.headers["access-control-allow-origin"]]).toEqual([true, undefined]);
  });

  it.each(["/sign-in", "/home", "/t/acme", "/t/acme/live", "/operator/teams", "/health", "/t/acme/metrics"])(
    "nor the named one outside the API: %s",
    async (path) => {
      expect((await ask("OPTIONS", path, preflight)).headers["access-control-allow-origin"]).toBeUndefined();
      expect((await ask("GET", path, { origin: ours })).headers["access-control-allow-origin"]).toBeUndefined();
    },
  );
});

it("reads whole origins alone", () => {
  expect([...restOrigins({ REST_ALLOWED_ORIGINS: "https://A.example/, , *, null,http://localhost:5173" })]).toEqual([
    "https://a.example",
    "http://localhost:5173",
  ]);
  expect(restOrigins({}).size).toBe(0);
});
