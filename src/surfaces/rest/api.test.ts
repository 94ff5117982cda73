// The list of routes, and what holds for every one of them: driven as HTTP, in workerd.
import { describe, expect, it } from "vitest";
import { member, send } from "../../../test/helpers/people.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { pathParameters } from "../../core/define-route.ts";
import { builtInTools } from "../catalogue.ts";
import { apiRoutes } from "./api.ts";
import { shownBy } from "./preconditions.ts";

describe("the list of routes", () => {
  it("has an address for every built-in tool", () => {
    const done = new Set(apiRoutes.map((route) => (route.kind === "tool" ? route.tool.name : route.operation)));
    expect(builtInTools.map(({ name }) => name).filter((name) => !done.has(name))).toEqual([]);
  });

  it("names each operation and each address once", () => {
    for (const names of [
      apiRoutes.map(({ operation }) => operation),
      apiRoutes.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ":")}`),
    ]) {
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    }
  });

  it("shows what a change changes at an address that the change's own parameters lead to", () => {
    const wrong = apiRoutes.flatMap((route) => {
      const shown = shownBy(route, apiRoutes);
      const own = pathParameters(route.path);
      const missing = shown === undefined ? [] : pathParameters(shown.path).filter((name) => !own.includes(name));
      const unknown = typeof route.shows === "string" && shown === undefined ? [route.shows] : [];
      return [...missing, ...unknown].map((what) => `${route.operation}: ${what}`);
    });
    expect(wrong).toEqual([]);
  });

  it("has a condition for each change of one thing", () => {
    const without = apiRoutes
      .filter((route) => ["PUT", "PATCH", "DELETE"].includes(route.method) && route.conditional !== "own")
      .filter((route) => shownBy(route, apiRoutes) === undefined)
      .map(({ operation }) => operation);
    // Records are many, and a frame's pin is not part of what a frame is.
    expect(without.sort()).toEqual(["delete_record", "pin_data", "update_record"]);
  });

  it("presets nothing that the tool would refuse", () => {
    const refused = apiRoutes.flatMap((route) => {
      if (route.kind !== "tool") return [];
      const result = route.tool.input.partial().safeParse({ ...route.preset, ...route.fixed });
      return result.success ? [] : [`${route.operation}: ${result.error.message}`];
    });
    expect(refused).toEqual([]);
  });

  it("has examples that its own schemas take", () => {
    const refused = apiRoutes.flatMap((route) => {
      const request = route.example?.request;
      if (request === undefined) return [];
      const schema = route.kind === "tool" ? route.tool.input : route.body;
      if (schema === undefined || "types" in schema) return [];
      const inPath = Object.fromEntries(pathParameters(route.path).map((name) => [name, "x"]));
      const given = route.kind === "tool" ? { ...inPath, kind: "tool", ...Object(request), ...route.fixed } : request;
      const known = route.kind === "tool" ? Object.keys(route.tool.input.shape) : Object.keys(Object(given));
      const args = Object.fromEntries(Object.entries(Object(given)).filter(([name]) => known.includes(name)));
      const result = schema.safeParse(args);
      return result.success ? [] : [`${route.operation}: ${result.error.message}`];
    });
    expect(refused).toEqual([]);
  });
});

async function team() {
  const { slug, client } = await freshTeam();
  const [olga, mia, vic] = [
    await member(client, "olga", "owner"),
    await member(client, "mia", "member"),
    await member(client, "vic", "viewer"),
  ];
  const api = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}, who = olga) =>
    send(method, `/t/${slug}/api/v1${path}`, { token: who.token, headers, ...(body === undefined ? {} : { body }) });
  return { slug, client, olga, mia, vic, api };
}

const why = ({ status, body }: { status: number; body: Record<string, unknown> }) => [status, body.code, body.detail];

describe("a tool's route", () => {
  it("takes arguments from the address, refuses what it does not know, and says what a list has", async () => {
    const { api } = await team();
    const listed = await api("GET", "/members?role=viewer&limit=1");
    expect([listed.status, listed.body]).toMatchObject([200, { members: [{ username: "vic" }], total: 1 }]);
    expect(why(await api("GET", "/members?limit=many"))).toEqual([
      400,
      "invalid_argument",
      "list_members: limit: Invalid input: expected number, received string",
    ]);
    expect(why(await api("GET", "/members?colour=red"))).toEqual([
      400,
      "invalid_argument",
      'list_members: Unrecognized key: "colour"',
    ]);
    expect(why(await api("PATCH", "/members/mia?role=viewer", {}))).toEqual([
      400,
      "invalid_argument",
      'query: Unrecognized key: "role"',
    ]);
  });

  it("takes neither an idempotency key nor what the address says in its body", async () => {
    const { api } = await team();
    expect(why(await api("PATCH", "/members/mia", { role: "viewer", idempotency_key: "k" }))).toEqual([
      400,
      "invalid_argument",
      "idempotency_key is not taken here: send it as the header Idempotency-Key.",
    ]);
    expect(why(await api("PATCH", "/members/mia", { role: "viewer", username: "vic" }))).toEqual([
      400,
      "invalid_argument",
      "username is not taken here: the address says it.",
    ]);
    expect(why(await api("PATCH", "/members/mia", [1]))).toEqual([
      400,
      "invalid_argument",
      "The request body is not a JSON object.",
    ]);
  });

  it("takes a deletion's arguments from the query string or from a body, not from both", async () => {
    const { api } = await team();
    const schema = { id: "int" };
    expect((await api("POST", "/tables", { table_name: "t", schema, primary_key: "id" })).status).toBe(201);
    expect((await api("POST", "/tables/t/records", { data: [{ id: 1 }, { id: 2 }, { id: 3 }] })).status).toBe(201);
    const filters = encodeURIComponent('{"id":1}');
    const gone = await api("DELETE", `/tables/t/records?filters=${filters}`);
    expect([gone.status, gone.body.changed]).toEqual([200, 1]);
    const more = await api("DELETE", "/tables/t/records", { filters: { id: 2 } });
    expect([more.status, more.body.changed]).toEqual([200, 1]);
    expect(why(await api("DELETE", `/tables/t/records?filters=${filters}`, { filters: { id: 3 } }))).toEqual([
      400,
      "invalid_argument",
      "filters is not taken here: the query string says it.",
    ]);
    const left = await api("GET", `/tables/t/records?columns=id&filters=${encodeURIComponent('{"id":{"gt":0}}')}`);
    expect([left.status, left.body.rows]).toEqual([200, [{ id: 3 }]]);
    expect((await api("POST", "/tables/undo", { undo_ref: gone.body.undo_ref })).body).toMatchObject({ records: 1 });
  });

  it("does a write once for its key, and is in the log that tools are in", async () => {
    const { api, mia } = await team();
    const key = { "idempotency-key": "once" };
    const first = await api("POST", "/invitations", { role: "viewer" }, key);
    const again = await api("POST", "/invitations", { role: "viewer" }, key);
    expect([first.status, again.status, again.headers.get("idempotency-replayed")]).toEqual([201, 201, "true"]);
    expect(again.body).toEqual(first.body);
    await api("GET", "/members", undefined, {}, mia);
    const { body } = await api("GET", "/executions");
    const rows = body.executions as Record<string, unknown>[];
    expect(rows.map(({ tool, user, success }) => [tool, user, success])).toEqual([
      ["list_members", "mia", true],
      ["invite_member", "olga", true],
    ]);
  });

  it("reads by POST without a write's charge", async () => {
    const { api, vic } = await team();
    await api("PUT", "/datasets/d?format=json", [{ a: 1 }, { a: 2 }]);
    const asked = { dataset: "d", query: ".[].a" };
    const answer = await api("POST", "/query", asked, {}, vic);
    expect([answer.status, answer.body.rows]).toEqual([200, [1, 2]]);
    expect(answer.headers.get("ratelimit")).toContain('"write";r=300');
    expect(why(await api("POST", "/query", { ...asked, format: "csv" }))).toEqual([
      400,
      "invalid_argument",
      "format is not taken here: answers over REST are JSON, whatever it says.",
    ]);
    expect((await api("POST", "/query/explain", asked, {}, vic)).body).toMatchObject({ dataset: { name: "d" } });
    const joined = await api("POST", "/frames/operations/groupby", { data_ref: "d", by: "a" }, {}, vic);
    expect([joined.status, joined.body.returned]).toEqual([200, 2]);
  });

  it("gives a chart as data, or as the picture to who asks for one", async () => {
    const { api } = await team();
    await api("PUT", "/datasets/d?format=json", [{ x: "a", y: 1 }]);
    const asked = { data_ref: "d", kind: "bar", x: "x", y: "y" };
    expect((await api("POST", "/plots", asked)).body).toMatchObject({ kind: "bar", points: 1 });
    const picture = await api("POST", "/plots", asked, { accept: "image/svg+xml,*/*;q=0.8" });
    expect([picture.headers.get("content-type"), String(picture.body.text).slice(0, 4)]).toEqual([
      "image/svg+xml",
      "<svg",
    ]);
    expect(
      (await api("POST", "/plots", asked, { accept: "application/json, image/svg+xml;q=0.5" })).body,
    ).toMatchObject({
      kind: "bar",
    });
  });
});

describe("tools by name", () => {
  it("finds and runs built-in ones and the team's own", async () => {
    const { api, vic } = await team();
    await api("PUT", "/library/tools/answer", {
      description: "The answer.",
      query: "$n * 2",
      parameters: [{ name: "n", type: "integer" }],
    });
    expect((await api("GET", "/tools?query=answer&limit=1")).body).toMatchObject({
      tools: [{ name: "answer", kind: "team" }],
    });
    expect((await api("GET", "/tools")).body).toMatchObject({ matched: true });
    const ran = await api("POST", "/library/tools/answer/run", { arguments: { n: 21 } }, {}, vic);
    expect([ran.status, ran.body.rows]).toEqual([200, [42]]);
    expect((await api("POST", "/tools/answer/run", { arguments: { n: 1 } })).body.rows).toEqual([2]);
    expect((await api("POST", "/tools/whoami/run")).body.username).toBe("olga");
    expect(why(await api("POST", "/library/tools/whoami/run"))).toEqual([
      404,
      "not_found",
      'There is no tool "whoami".',
    ]);
    expect(why(await api("POST", "/tools/run_tool/run"))).toEqual([404, "not_found", 'There is no tool "run_tool".']);
    expect(why(await api("POST", "/tools/set_role/run", { arguments: {} }, {}, vic)).slice(0, 2)).toEqual([
      403,
      "forbidden",
    ]);
    const { body } = await api("GET", "/executions");
    expect((body.executions as { tool: string }[]).map(({ tool }) => tool)).toEqual([
      "set_role",
      "whoami",
      "answer",
      "answer",
      "find_tools",
      "find_tools",
      "save_tool",
    ]);
  });

  it("runs one that writes once for the key in the header", async () => {
    const { api } = await team();
    const once = () =>
      api("POST", "/tools/invite_member/run", { arguments: { role: "viewer" } }, { "idempotency-key": "k" });
    const [first, again] = [await once(), await once()];
    expect([first.status, again.body]).toEqual([200, first.body]);
    expect((await api("GET", "/invitations")).body.total).toBe(1);
    expect(why(await api("POST", "/tools/invite_member/run", { arguments: { idempotency_key: "k" } }))[2]).toBe(
      "idempotency_key is not taken here: send it as the header Idempotency-Key.",
    );
  });
});

describe("reading again", () => {
  it("answers 304 while nothing has changed, and a change while nothing but counters has", async () => {
    const { api, client } = await team();
    await api("PUT", "/library/tools/one", { description: "One.", query: "1" });
    const first = await api("GET", "/library/tools/one");
    const etag = first.headers.get("etag") ?? "";
    expect([first.status, first.headers.get("cache-control")]).toEqual([200, "private, no-cache"]);
    expect(etag).toMatch(/^"[\w-]{43}\.[\w-]{43}"$/);
    const known = { "if-none-match": `"other", ${etag}` };
    const again = await api("GET", "/library/tools/one", undefined, known);
    expect([again.status, again.body, again.headers.get("etag")]).toEqual([304, { text: "" }, etag]);
    await api("POST", "/library/tools/one/run");
    const used = await api("GET", "/library/tools/one", undefined, known);
    expect([used.status, used.body.usage_count]).toEqual([200, 1]);
    const saved = await api("PUT", "/library/tools/one", { query: "2" }, { "if-match": etag });
    expect([saved.status, saved.body.outcome]).toEqual([200, "updated"]);
    const late = await api("PUT", "/library/tools/one", { query: "3" }, { "if-match": etag });
    expect(late.status).toBe(412);
    expect((await api("GET", "/members", undefined, { "if-none-match": "*" })).status).toBe(304);
    expect(await client.people().members()).toHaveLength(3);
  });

  it("stores nothing of secrets", async () => {
    const { api } = await team();
    const made = await api("POST", "/tokens", { label: "x" });
    expect([made.status, made.headers.get("cache-control"), made.headers.get("etag")]).toEqual([201, "no-store", null]);
    const audit = await api("GET", "/audit");
    expect([audit.status, audit.headers.get("cache-control"), audit.headers.get("etag")]).toEqual([
      200,
      "no-store",
      null,
    ]);
  });
});

describe("an address that is none", () => {
  it("is a problem with code, hint and request id, also with a wrong method", async () => {
    const { api, slug } = await team();
    const unknown = await api("GET", "/nowhere", undefined, { accept: "text/html" });
    expect([unknown.status, unknown.headers.get("content-type"), unknown.body]).toEqual([
      404,
      "application/problem+json",
      {
        type: "urn:super-data:error:not_found",
        title: "not found",
        status: 404,
        code: "not_found",
        detail: "There is nothing at this address of the API.",
        hint: "GET …/api/v1/openapi.json lists every address; /t/<team>/api shows it to read.",
        request_id: expect.any(String),
      },
    ]);
    const wrong = await api("DELETE", "/members");
    expect([...why(wrong), wrong.headers.get("allow")]).toEqual([
      405,
      "unsupported",
      "This address does not take DELETE.",
      "GET, HEAD",
    ]);
    expect((await api("PUT", "/library/tools/x/run", {})).headers.get("allow")).toBe("POST");
    expect((await send("GET", `/t/${slug}/api/v1/nowhere`)).status).toBe(401);
  });

  it("answers HEAD as GET without its content", async () => {
    const { api } = await team();
    const etag = (await api("GET", "/team")).headers.get("etag") ?? "";
    const { status, headers, body } = await api("HEAD", "/team", undefined, { "if-none-match": etag });
    expect([status, headers.get("etag"), body]).toEqual([304, etag, { text: "" }]);
  });
});

it("shows single members, invitations, tokens and connections to those who may", async () => {
  const { api, mia, vic } = await team();
  expect((await api("GET", "/members/mia", undefined, {}, vic)).body).toMatchObject({ username: "mia", email: null });
  expect(why(await api("GET", "/members/mis"))).toEqual([
    404,
    "not_found",
    "Nobody in this team has the username mis.",
  ]);
  const { invitation } = (await api("POST", "/invitations", {})).body as { invitation: { id: string } };
  expect((await api("GET", `/invitations/${invitation.id}`)).body).toEqual(invitation);
  expect((await api("GET", "/invitations/inv_none")).status).toBe(404);
  const { tokens } = (await api("GET", "/tokens", undefined, {}, mia)).body as { tokens: { id: string }[] };
  const id = tokens[0]?.id ?? "";
  expect((await api("GET", `/tokens/${id}`)).body).toMatchObject({ id, username: "mia" });
  expect((await api("GET", `/tokens/${id}`, undefined, {}, vic)).status).toBe(404);
  expect((await api("GET", "/connections/con_none")).status).toBe(404);
  await api("PUT", "/datasets/d?format=json", [1]);
  expect((await api("GET", "/visibility/dataset/d", undefined, {}, vic)).body).toEqual({
    kind: "dataset",
    name: "d",
    visibility: "everyone",
  });
  await api("PUT", "/visibility/dataset/d", { visibility: "admin" });
  expect((await api("GET", "/visibility/dataset/d", undefined, {}, vic)).status).toBe(404);
});
