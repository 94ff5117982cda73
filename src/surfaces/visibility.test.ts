// Who sees what: to whom an item is not shown it does not exist, on every way to it there is. Driven through the surfaces, in workerd.
import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { auditLog, type FreshTeam, freshTeam, rejection, useTool } from "../../test/helpers/team.ts";
import type { CallContext } from "../context.ts";
import { describeError } from "../core/errors.ts";
import { callerOf, type Role } from "../features/access/access.ts";
import { app } from "./app.ts";
import { builtInTools } from "./catalogue.ts";
import { listTools, readSelection } from "./mcp/catalogue.ts";
import { completeName, listResources, readResource } from "./mcp/resources.ts";

interface Answer {
  status: number;
  body: string;
}

interface Scene {
  team: FreshTeam;
  as: (who: string) => Promise<CallContext>;
  rest: (who: string, method: string, path: string, body?: string, headers?: Record<string, string>) => Promise<Answer>;
}

const roleOf: Record<string, Role> = { ada: "owner", mia: "admin", bob: "member", eve: "member", vic: "viewer" };

/** A team in which ada made the dataset `payroll`, the tool `salaries` that reads it and the function `half` that it calls; bob may see both. */
async function scene(visibility: unknown = ["bob"]): Promise<Scene> {
  const team = await freshTeam();
  const as = (who: string): Promise<CallContext> => team.call(roleOf[who], who);
  const rest: Scene["rest"] = async (who, method, path, body, more = {}) => {
    const ctx = createExecutionContext();
    const authorization = `Bearer ${await team.token(roleOf[who], who)}`;
    const type = path.includes("datasets") ? "application/x-ndjson" : "application/json";
    const headers = { authorization, "content-type": type, ...more };
    const url = `http://localhost/t/${team.slug}/api/v1${path}`;
    const response = await app.fetch(new Request(url, { method, headers, body: body ?? null }), env, ctx);
    const answer = { status: response.status, body: await response.text() };
    await waitOnExecutionContext(ctx);
    return answer;
  };
  for (const who of Object.keys(roleOf)) await as(who);
  // So that what hides things from members is their visibility, and not that they must propose.
  const settings = { members_save_directly: true };
  await team.client.teams().update({ settings }, callerOf(await as("ada")));
  await rest("ada", "PUT", "/datasets/payroll", '{"id":1,"pay":10}\n{"id":2,"pay":30}\n');
  await useTool(await as("ada"), "save_function", { name: "half", definition: "def half: . / 2;" });
  await useTool(await as("ada"), "save_tool", {
    name: "salaries",
    description: "The sum of all pay, halved.",
    query: "map(.pay) | add | half",
    datasets: ["payroll"],
  });
  for (const [kind, name] of [
    ["dataset", "payroll"],
    ["tool", "salaries"],
  ])
    await useTool(await as("ada"), "set_visibility", { kind, name, visibility });
  return { team, as, rest };
}

/** What an attempt comes to, as text without what is another's each time. */
async function outcome(attempt: () => unknown): Promise<string> {
  const result = await Promise.resolve()
    .then(attempt)
    .catch((error: unknown) => (error instanceof Error && "uri" in error ? error.message : describeError(error)));
  const text = JSON.stringify(result) ?? "nothing";
  return text.replaceAll(/data-[\w-]{8}/g, "data-").replaceAll(/\\"(?:instance|request_id)\\":\\"[^"]*"/g, "");
}

const hidden = { dataset: "payroll", tool: "salaries" };
const absent = { dataset: "zzzzzzz", tool: "qqqqqqqq" };

/** Every way to ask for one dataset or tool by name. */
const ways: readonly [string, (scene: Scene, who: string, name: typeof hidden) => Promise<unknown>][] = [
  ["describe_dataset", async ({ as }, who, n) => useTool(await as(who), "describe_dataset", { dataset: n.dataset })],
  [
    "query_dataset",
    async ({ as }, who, n) => useTool(await as(who), "query_dataset", { dataset: n.dataset, query: "." }),
  ],
  ["get_tool", async ({ as }, who, n) => useTool(await as(who), "get_tool", { name: n.tool })],
  ["tool_history", async ({ as }, who, n) => useTool(await as(who), "tool_history", { name: n.tool })],
  ["rollback_tool", async ({ as }, who, n) => useTool(await as(who), "rollback_tool", { name: n.tool, version: 1 })],
  ["deactivate_tool", async ({ as }, who, n) => useTool(await as(who), "deactivate_tool", { name: n.tool })],
  ["restore_tool", async ({ as }, who, n) => useTool(await as(who), "restore_tool", { name: n.tool })],
  ["run_tool", async ({ as }, who, n) => useTool(await as(who), "run_tool", { name: n.tool, arguments: {} })],
  ["test_tool", async ({ as }, who, n) => useTool(await as(who), "test_tool", { name: n.tool })],
  ["save_tool in part", async ({ as }, who, n) => useTool(await as(who), "save_tool", { name: n.tool, weight: 3 })],
  ["list_executions", async ({ as }, who, n) => useTool(await as(who), "list_executions", { tool: n.tool })],
  [
    "set_visibility of a dataset",
    async ({ as }, who, n) =>
      useTool(await as(who), "set_visibility", { kind: "dataset", name: n.dataset, visibility: "everyone" }),
  ],
  [
    "set_visibility of a tool",
    async ({ as }, who, n) =>
      useTool(await as(who), "set_visibility", { kind: "tool", name: n.tool, visibility: "everyone" }),
  ],
  [
    "?tools=",
    async ({ as }, who, n) => {
      const context = await as(who);
      return readSelection(new URL(`http://localhost/?tools=${n.tool}`), context, builtInTools);
    },
  ],
  ["resource of a dataset", async ({ as }, who, n) => readResource(await as(who), `dataset://${n.dataset}`)],
  ["resource of a tool", async ({ as }, who, n) => readResource(await as(who), `tool://${n.tool}`)],
  [
    "a new tool that reads it",
    async ({ as }, who, n) => {
      const input = { name: "peek", description: "d", query: ".", datasets: [n.dataset] };
      const { data, text } = await useTool(await as(who), "test_tool", input);
      return { data, text };
    },
  ],
  ["GET dataset", ({ rest }, who, n) => rest(who, "GET", `/datasets/${n.dataset}`)],
  ["GET content", ({ rest }, who, n) => rest(who, "GET", `/datasets/${n.dataset}/content`)],
  ["DELETE dataset", ({ rest }, who, n) => rest(who, "DELETE", `/datasets/${n.dataset}`)],
  ["GET upload", ({ rest }, who, n) => rest(who, "GET", `/datasets/${n.dataset}/uploads/up_1`)],
  [
    "PUT visibility",
    ({ rest }, who, n) => rest(who, "PUT", `/visibility/dataset/${n.dataset}`, '{"visibility":"everyone"}'),
  ],
];

/** Every list, search and completion. */
const lists: readonly [string, (scene: Scene, who: string) => Promise<unknown>][] = [
  ["list_datasets", async ({ as }, who) => useTool(await as(who), "list_datasets", {})],
  [
    "find_tools",
    async ({ as }, who) => useTool(await as(who), "find_tools", { query: "sum of all pay, halved", limit: 200 }),
  ],
  ["find_tools, all", async ({ as }, who) => useTool(await as(who), "find_tools", { query: "", limit: 200 })],
  ["near names", async ({ as }, who) => rejection(useTool(await as(who), "run_tool", { name: "salarie" }))],
  [
    "near names of get_tool",
    async ({ as }, who) => outcome(async () => useTool(await as(who), "get_tool", { name: "salarie" })),
  ],
  [
    "near names of datasets",
    async ({ as }, who) => outcome(async () => useTool(await as(who), "describe_dataset", { dataset: "payrol" })),
  ],
  ["get_function", async ({ as }, who) => useTool(await as(who), "get_function", { name: "half" })],
  ["list_executions", async ({ as }, who) => useTool(await as(who), "list_executions", {})],
  [
    "tools/list",
    async ({ as }, who) => {
      const context = await as(who);
      return listTools(context, builtInTools, { kind: "all" }, undefined);
    },
  ],
  ["resources/list", async ({ as }, who) => listResources(await as(who), undefined)],
  [
    "completions of tools",
    async ({ as }, who) => completeName(await as(who), "tool://{name}", { name: "name", value: "" }),
  ],
  [
    "completions of datasets",
    async ({ as }, who) => completeName(await as(who), "dataset://{name}", { name: "name", value: "" }),
  ],
  ["GET datasets", ({ rest }, who) => rest(who, "GET", "/datasets")],
  ["GET library/tools", ({ rest }, who) => rest(who, "GET", "/library/tools")],
  ["GET executions", ({ rest }, who) => rest(who, "GET", "/executions")],
];

async function state({ team }: Scene): Promise<unknown> {
  return runInDurableObject(env.TEAM.get(env.TEAM.idFromName(team.slug)), (_object, { storage }) => [
    storage.sql.exec("SELECT revision FROM team").toArray(),
    storage.sql.exec("SELECT count(*) AS n FROM audit_log").toArray(),
    storage.sql.exec("SELECT count(*) AS n FROM uploads").toArray(),
  ]);
}

describe("what is shown to the people named alone", () => {
  it("is for others as if it did not exist, whatever they ask", async () => {
    const at = await scene();
    const before = await state(at);
    for (const who of ["eve", "mia", "vic"]) {
      for (const [way, ask] of ways) {
        const found = (await outcome(() => ask(at, who, hidden)))
          .replaceAll("payroll", "DATASET")
          .replaceAll("salaries", "TOOL");
        const missing = (await outcome(() => ask(at, who, absent)))
          .replaceAll("zzzzzzz", "DATASET")
          .replaceAll("qqqqqqqq", "TOOL");
        expect(`${who}, ${way}: ${found}`).toBe(`${who}, ${way}: ${missing}`);
      }
      for (const [way, ask] of lists)
        expect(`${who}, ${way}: ${JSON.stringify(await ask(at, who))}`).not.toMatch(/payroll|salaries/);
    }
    expect(await state(at)).toEqual(before);
  });

  it("keeps its name to itself, and nothing of it is touched", async () => {
    const at = await scene();
    const { as, rest } = at;
    const before = await state(at);
    const taken = (name: string): object => ({ code: "already_exists", message: `The name ${name} is taken.` });
    const definition = { name: "salaries", description: "d", query: "1" };
    for (const who of ["eve", "mia"]) {
      expect(await rejection(useTool(await as(who), "save_tool", definition))).toEqual(taken("salaries"));
      const content = { name: "payroll", content: "[1]", format: "json" };
      expect(await rejection(useTool(await as(who), "create_dataset", content))).toEqual(taken('"payroll"'));
      for (const [method, path, body] of [
        ["PUT", "/datasets/payroll", "1"],
        ["POST", "/datasets/payroll/uploads", '{"format":"json"}'],
      ] as const) {
        const answer = await rest(who, method, path, body);
        expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
          409,
          { code: "already_exists", detail: 'The name "payroll" is taken.' },
        ]);
      }
      const yaml = "tools:\n  - name: salaries\n    description: d\n    query: '1'\n";
      const report = JSON.parse((await rest(who, "POST", "/library", yaml)).body);
      expect(report.failed).toEqual([
        {
          kind: "tool",
          name: "salaries",
          line: 2,
          code: "already_exists",
          message: "The name salaries is taken.",
          hint: "Give it another name in the file, or import with strategy rename.",
        },
      ]);
      const conditional = (name: string) => rest(who, "PUT", `/datasets/${name}`, "1", { "if-match": "*" });
      const [found, missing] = [await conditional("payroll"), await conditional("zzzzzzz")];
      expect([found.status, JSON.parse(found.body).detail]).toEqual([
        412,
        JSON.parse(missing.body).detail.replace("zzzzzzz", "payroll"),
      ]);
    }
    expect(await state(at)).toEqual(before);
  });

  it("works for those it is shown to", async () => {
    const { as, rest } = await scene();
    for (const who of ["ada", "bob"]) {
      expect((await useTool(await as(who), "run_tool", { name: "salaries" })).data.rows).toEqual([20]);
      const { data } = await useTool(await as(who), "list_datasets", {});
      expect(data.datasets).toMatchObject([{ name: "payroll", visibility: ["bob"] }]);
      expect(JSON.parse((await rest(who, "GET", "/datasets/payroll")).body).visibility).toEqual(["bob"]);
      const { data: shown } = await useTool(await as(who), "get_tool", { name: "salaries" });
      expect(shown.tool).toMatchObject({ name: "salaries", visibility: ["bob"] });
      for (const [tool, args] of [
        ["get_tool", { name: "salaries" }],
        ["describe_dataset", { dataset: "payroll" }],
      ] as const)
        expect((await useTool(await as(who), tool, args)).text).toContain("Shown to bob and the owners.");
      const { data: used } = await useTool(await as(who), "get_function", { name: "half" });
      expect(used.dependants).toEqual({ functions: [], tools: ["salaries"] });
    }
  });

  it("is shown to a service account for those it acts for, and for itself only when it is named", async () => {
    const { team, as } = await scene();
    const made = await useTool(await as("ada"), "create_token", {
      label: "reader",
      service: "reader",
      role: "viewer",
      may_act_for_others: true,
    });
    const seenFor = async (actFor?: string) => {
      const headers = { authorization: `Bearer ${String(made.data.token)}`, ...(actFor && { "x-user-id": actFor }) };
      const ctx = createExecutionContext();
      const request = new Request(`http://localhost/t/${team.slug}/api/v1/datasets`, { headers });
      const body = JSON.parse(await (await app.fetch(request, env, ctx)).text());
      return body.datasets.map(({ name }: { name: string }) => name);
    };
    expect([await seenFor(), await seenFor("bob"), await seenFor("eve"), await seenFor("ada")]).toEqual([
      [],
      ["payroll"],
      [],
      [],
    ]);
    const visibility = ["bob", "service:reader"];
    await useTool(await as("ada"), "set_visibility", { kind: "dataset", name: "payroll", visibility });
    expect([await seenFor(), await seenFor("eve")]).toEqual([["payroll"], []]);
  });

  it("keeps its dataset from those who see only the tool", async () => {
    const { as } = await scene();
    await useTool(await as("ada"), "set_visibility", { kind: "tool", name: "salaries", visibility: "everyone" });
    expect(await rejection(useTool(await as("eve"), "run_tool", { name: "salaries" }))).toEqual({
      code: "not_found",
      message: "salaries reads the dataset payroll, which this team does not have.",
    });
    expect((await useTool(await as("eve"), "get_tool", { name: "salaries" })).data.tool).not.toHaveProperty(
      "visibility",
    );
  });

  it("is not broken by those who cannot see it, nor named to them", async () => {
    const { as } = await scene();
    const change = { name: "half", definition: "def half($n): . / $n;" };
    expect(await rejection(useTool(await as("eve"), "save_function", change))).toEqual({
      code: "jq_breaks_dependants",
      message: "Saving half like this would break 1 that use it: 1 not shown to you.",
    });
    expect((await rejection(useTool(await as("bob"), "save_function", change))).message).toBe(
      "Saving half like this would break 1 that use it: tool salaries (line 1, column 19: half is called with no arguments; it takes 1.).",
    );
  });

  it("takes its uploads along", async () => {
    const { as, rest } = await scene("everyone");
    const begun = JSON.parse((await rest("eve", "POST", "/datasets/payroll/uploads", '{"format":"json"}')).body);
    const path = `/datasets/payroll/uploads/${begun.upload_id}`;
    expect((await rest("eve", "PUT", `${path}/parts/1`, "[1]")).status).toBe(200);
    await useTool(await as("ada"), "set_visibility", { kind: "dataset", name: "payroll", visibility: ["bob"] });
    for (const [method, rest_] of [
      ["GET", ""],
      ["PUT", "/parts/2"],
      ["POST", "/complete"],
      ["DELETE", ""],
    ] as const) {
      const answer = await rest("eve", method, `${path}${rest_}`, method === "PUT" ? "[2]" : undefined);
      expect([answer.status, JSON.parse(answer.body).detail]).toEqual([
        404,
        'There is no open upload with this id for the dataset "payroll".',
      ]);
    }
    expect((await rest("bob", "POST", `${path}/complete`)).status).toBe(200);
  });

  it("stays out of the log that others read", async () => {
    const { as } = await scene();
    const bob = await as("bob");
    const { tool } = (await useTool(bob, "get_tool", { name: "salaries" })).data as { tool: { id: string } };
    const report = {
      toolVersion: 1,
      userId: bob.actor.userId,
      username: "bob",
      client: null,
      datasetVersion: 1,
      executedAt: Date.now(),
      durationMs: 1,
      steps: 1,
      success: true,
      ran: true,
      cached: false,
      errorCode: null,
      resultBytes: 1,
    };
    const reports = [
      { id: "e1", toolId: tool.id, toolName: "salaries", dataset: "payroll", parameters: "{}" },
      { id: "e2", toolId: null, toolName: "query_dataset", dataset: "payroll", parameters: '{"dataset":"payroll"}' },
      { id: "e3", toolId: "tool_x", toolName: "both", dataset: "sales,payroll", parameters: "{}" },
      { id: "e4", toolId: null, toolName: "get_tool", dataset: null, parameters: '{"name":"salaries"}' },
      { id: "e5", toolId: null, toolName: "query_dataset", dataset: "sales", parameters: '{"dataset":"sales"}' },
    ];
    await bob.stub.metrics().record(reports.map((one) => ({ ...report, ...one })));
    const seenBy = async (who: string) => {
      const { data } = await useTool(await as(who), "list_executions", {});
      const rows = data.executions as { id: string; parameters: string | null }[];
      // The scene's own uploads may be in the log by now, for those who see what they are of.
      const reported = rows.filter(({ id }) => !id.startsWith("exe_"));
      return [
        Number(data.total) - (rows.length - reported.length),
        reported.map(({ id, parameters }) => `${id} ${parameters}`),
      ];
    };
    const everything = [
      'e5 {"dataset":"sales"}',
      'e4 {"name":"salaries"}',
      "e3 {}",
      'e2 {"dataset":"payroll"}',
      "e1 {}",
    ];
    expect(await seenBy("ada")).toEqual([5, everything]);
    expect(await seenBy("bob")).toEqual([5, everything]);
    expect(await seenBy("mia")).toEqual([2, ['e5 {"dataset":"sales"}', "e4 null"]]);
    expect(await seenBy("eve")).toEqual([0, []]);
  });

  it("is gone from open streams when it is hidden, and comes back when it is shown", async () => {
    const { team, as } = await scene("everyone");
    const events: Record<string, string[]> = { ada: [], bob: [], eve: [] };
    const sockets: WebSocket[] = [];
    for (const [who, heard] of Object.entries(events)) {
      const { credential } = await as(who);
      const headers = { upgrade: "websocket", "x-credential": JSON.stringify(credential) };
      const { webSocket } = await team.client.fetch("https://team/feed", { headers });
      if (webSocket === null) throw new Error("no socket");
      webSocket.addEventListener("message", ({ data }) => {
        const { type, kind, name, change, by } = JSON.parse(String(data));
        if (type === "event") heard.push([kind, name, change, by].join(" "));
      });
      webSocket.accept();
      sockets.push(webSocket);
    }
    const show = async (visibility: unknown) =>
      useTool(await as("ada"), "set_visibility", { kind: "tool", name: "salaries", visibility });
    await show(["bob"]);
    await useTool(await as("bob"), "save_tool", { name: "salaries", weight: 5 });
    await show("member");
    const [removed, created, updated] = ["removed ada", "created ada", "updated bob"].map(
      (change) => `tool salaries ${change}`,
    );
    await vi.waitFor(() => expect([events.ada?.length, events.bob?.length, events.eve?.length]).toEqual([5, 5, 2]));
    expect(events).toEqual({
      ada: [removed, created, updated, removed, created],
      bob: [removed, created, updated, removed, created],
      eve: [removed, created],
    });
    for (const socket of sockets) socket.close();
  });
});

describe("set_visibility", () => {
  it("is for whoever created the item, and for admins who see it", async () => {
    const { as } = await scene("everyone");
    const set = async (who: string, name: string, visibility: unknown) =>
      useTool(await as(who), "set_visibility", { kind: "tool", name, visibility });
    await useTool(await as("eve"), "save_tool", { name: "mine", description: "d", query: "1" });
    expect((await set("eve", "mine", ["eve", "bob", "eve"])).data).toEqual({
      kind: "tool",
      name: "mine",
      visibility: ["bob", "eve"],
    });
    expect(await rejection(set("bob", "mine", "everyone"))).toEqual({
      code: "forbidden",
      message:
        "As member you may not set who sees a tool that someone else created: it needs the role admin or higher.",
    });
    expect((await set("mia", "salaries", "admin")).text).toBe("The tool salaries is shown to admins and owners.");
    expect((await rejection(set("mia", "mine", "everyone"))).code).toBe("not_found");
    expect((await set("ada", "mine", "owner")).text).toBe("The tool mine is shown to owners alone.");
    expect((await rejection(set("eve", "mine", "everyone"))).code).toBe("not_found");
  });

  it("refuses names of nobody, and to lock out whoever asks", async () => {
    const { as } = await scene("everyone");
    const set = async (who: string, visibility: unknown) =>
      rejection(useTool(await as(who), "set_visibility", { kind: "dataset", name: "payroll", visibility }));
    expect(await set("ada", ["bob", "nobody", "Bob"])).toEqual({
      code: "invalid_argument",
      message: "visibility: not in this team: Bob, nobody.",
    });
    const locked = { code: "invalid_argument", message: "visibility: you would no longer see it yourself." };
    expect(await set("mia", ["bob"])).toEqual(locked);
    expect(await set("mia", "owner")).toEqual(locked);
    expect(await set("mia", "admins")).toEqual({
      code: "invalid_argument",
      message:
        'set_visibility: visibility: expected "everyone", one of viewer, member, admin, owner, or a list of 1 to 100 usernames',
    });
  });

  it("is one change with one entry in the audit log, and none when nothing changes", async () => {
    const at = await scene();
    const { as, team } = at;
    const before = await state(at);
    await useTool(await as("ada"), "set_visibility", { kind: "tool", name: "salaries", visibility: ["bob"] });
    expect(await state(at)).toEqual(before);
    await useTool(await as("ada"), "set_visibility", { kind: "tool", name: "salaries", visibility: "everyone" });
    const entries = await auditLog(team.slug);
    expect(entries.at(-1)).toEqual({
      username: "ada",
      action: "tool.set_visibility",
      target: "tool salaries",
      before: { visibility: ["bob"] },
      after: { visibility: "everyone" },
    });
  });

  it("outlives deactivation, restoring, a new version and deletion", async () => {
    const { as, rest } = await scene();
    await useTool(await as("bob"), "deactivate_tool", { name: "salaries" });
    expect((await rejection(useTool(await as("eve"), "get_tool", { name: "salaries" }))).code).toBe("not_found");
    await useTool(await as("bob"), "restore_tool", { name: "salaries" });
    expect((await as("eve")).catalogue.tools.has("salaries")).toBe(false);
    await rest("bob", "PUT", "/datasets/payroll", "1");
    await rest("bob", "DELETE", "/datasets/payroll");
    expect((await rest("eve", "PUT", "/datasets/payroll", "1")).status).toBe(409);
    await rest("bob", "PUT", "/datasets/payroll", "1");
    expect([
      (await as("eve")).catalogue.datasets.has("payroll"),
      (await as("bob")).catalogue.datasets.has("payroll"),
    ]).toEqual([false, true]);
  });

  it("by role shows an item to that role and those above it", async () => {
    for (const [visibility, seeing] of [
      ["viewer", ["ada", "bob", "eve", "mia", "vic"]],
      ["member", ["ada", "bob", "eve", "mia"]],
      ["admin", ["ada", "mia"]],
      ["owner", ["ada"]],
    ] as const) {
      const { as } = await scene(visibility);
      const who = Object.keys(roleOf).sort();
      const sees = await Promise.all(who.map(async (name) => (await as(name)).catalogue.tools.has("salaries")));
      expect(who.filter((_, at) => sees[at])).toEqual(seeing);
    }
  });
});
