// What a hostile colleague, dataset or website can make a page do: nothing. Scripts in every field, foreign forms, frames and redirects.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { call, connectV2, createTeam, operator, rest } from "../helpers/clients.ts";
import { crawl } from "../helpers/crawl.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const origin = server.origin.replace("127.0.0.1", "localhost");
let browser: Browser;
let team: Awaited<ReturnType<typeof createTeam>>;
let elsewhere: Server;

beforeAll(async () => {
  browser = await launch();
  team = await createTeam(server, `hostile-${Date.now().toString(36)}`);
  elsewhere = createServer((_request, response) => response.end("<!doctype html><title>Elsewhere</title>"));
  elsewhere.listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
});

afterAll(async () => {
  elsewhere.close();
  await browser.close();
});

/** Each would set a mark on the page or run, were it taken for markup, an attribute, a script, a style or an address. */
const payloads = [
  `<img src=x onerror="document.documentElement.dataset.hit=1">`,
  `"><svg onload=document.documentElement.dataset.hit=1><b data-hit>`,
  `'" autofocus onfocus=document.documentElement.dataset.hit=1 data-hit="`,
  `</script><script>document.documentElement.dataset.hit=1</script>`,
  `</textarea></title></style><script>document.documentElement.dataset.hit=1</script>`,
  `javascript:document.documentElement.dataset.hit=1`,
  `<a data-hit hx-get="/t/demo/find" hx-trigger="load" hx-swap="outerHTML">x</a>`,
  `<div data-hit x-data x-init="document.documentElement.dataset.hit=1">x</div>`,
  `<meta http-equiv=refresh content="0;url=https://elsewhere.example/">`,
  `<base href="https://elsewhere.example/"><form data-hit action=https://elsewhere.example/>`,
  "<style>*{display:none}</style><link rel=stylesheet href=https://elsewhere.example/x.css>",
  "{{constructor.constructor('document.documentElement.dataset.hit=1')()}}",
  "\u202Egnp.exe <x data-hit>",
  "<template data-hit><slot></template><!-- --!><x data-hit>",
];
const all = payloads.join(" ");
/** For fields that take less. */
const short = `"><b data-hit onclick=1><script>1</script>'`;

async function expectDone(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
  const client = await connectV2(team);
  const { data, isError, text } = await call<Record<string, unknown>>(client, name, args);
  await client.close();
  expect([name, isError ? text : "done"]).toEqual([name, "done"]);
  return data;
}

/** Puts payloads wherever people and data can put text. */
async function fill(): Promise<void> {
  const records = payloads.map((text, index) => ({ id: index, [short]: text, text, amount: index * 2.5 }));
  const upload = await rest(team, `/datasets/hostile?${new URLSearchParams({ description: all.slice(0, 900) })}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(records),
  });
  expect(upload.status).toBe(201);
  const client = { "user-agent": short };
  expect((await rest(team, "/whoami", { headers: client })).status).toBe(200);
  await expectDone("update_team", { name: short });
  await expectDone("save_function", {
    name: "hostile_fn",
    definition: `def hostile_fn: ${JSON.stringify(payloads[0])};`,
    description: all.slice(0, 900),
    reason: short,
  });
  await expectDone("save_tool", {
    name: "hostile_tool",
    description: all.slice(0, 900),
    datasets: ["hostile"],
    query: `.[] | select(.text != $needle) | .text # ${payloads[0]}`,
    parameters: [{ name: "needle", type: "string", description: short, default: short }],
    reason: all.slice(0, 400),
  });
  await expectDone("run_tool", { name: "hostile_tool", arguments: { needle: all.slice(0, 500) } });
  const { proposal } = await expectDone("propose_tool", {
    name: "hostile_proposal",
    description: all.slice(0, 900),
    datasets: ["hostile"],
    query: `. # ${payloads[3]}`,
    justification: all.slice(0, 900),
  });
  const { id } = proposal as { id: string };
  await expectDone("comment_on_proposal", { id, comment: all.slice(0, 900) });
  await expectDone("query_dataset", { dataset: "hostile", query: `.[0] # ${payloads[1]}` });
  await expectDone("create_token", { label: short });
  await expectDone("read_csv", { text: `"${short.replaceAll('"', '""')}",b\n<b data-hit>,2\n`, name: "hostile_frame" });
  await expectDone("create_table", {
    table_name: "hostile_table",
    schema: { note: "text" },
    description: all.slice(0, 400),
  });
  await expectDone("insert_record", { table_name: "hostile_table", data: { note: all } });
}

/** Marks that a payload left on the page. */
const hitsOn = ({ page }: Visitor): Promise<string[]> =>
  page.evaluate(() => [
    ...[...document.querySelectorAll("[data-hit]")].map((element) => element.outerHTML.slice(0, 200)),
    ...[...document.querySelectorAll("a[href^='javascript:' i]")].map((element) => element.outerHTML.slice(0, 200)),
  ]);

describe("scripts in what people and data say", () => {
  it("stay text on every page", { timeout: 600_000 }, async () => {
    await fill();
    const visitor = await visit(browser, server, { name: `${short.slice(0, 30)} Mallory`, team: team.team });
    visitor.page.on("dialog", (dialog) => visitor.complaints.push(`dialog: ${dialog.message()}`));
    const hits: string[] = [];
    let shown = 0;
    const pages = await crawl(visitor, async ({ path }) => {
      for (const hit of await hitsOn(visitor)) hits.push(`${path}: ${hit}`);
      if ((await visitor.page.content()).includes("data-hit")) shown++;
    });
    expect(hits).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    expect(visitor.outside).toEqual([]);
    expect(pages.length).toBeGreaterThan(25);
    // The payloads were there to be seen, as text.
    expect(shown).toBeGreaterThan(10);
    await visitor.context.close();
  });

  it("stay text where an address says them", { timeout: 300_000 }, async () => {
    const visitor = await visit(browser, server, { name: "Reflecting Example" });
    const hits: string[] = [];
    const names = [
      "q",
      "name",
      "cursor",
      "sort",
      "done",
      "tab",
      "state",
      "kind",
      "user",
      "tool",
      "dataset",
      "view",
      "lang",
      "window",
    ];
    for (const path of [
      "",
      "/datasets",
      "/tables",
      "/library",
      "/playground",
      "/proposals",
      "/activity",
      "/monitoring",
      "/people",
      "/settings",
      "/find",
    ]) {
      for (const payload of [payloads[0], payloads[1], payloads[2], payloads[5]]) {
        const query = new URLSearchParams(names.map((name) => [name, payload ?? ""]));
        await visitor.page.goto(`${visitor.base}${path}?${query}`);
        for (const hit of await hitsOn(visitor)) hits.push(`${path}: ${hit}`);
      }
      await visitor.page.goto(`${visitor.base}${path}/${encodeURIComponent(payloads[1] ?? "")}`);
      for (const hit of await hitsOn(visitor)) hits.push(`${path}/: ${hit}`);
    }
    expect(hits).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });
});

describe("another website", () => {
  it("changes nothing with a signed-in person's cookies", async () => {
    const visitor = await visit(browser, server, { name: "Lured Example", team: team.team });
    const before = await rest(team, "/team").then((answer) => answer.json());
    const foreign = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    const statuses: number[] = [];
    for (const path of ["/settings", "/people", "/datasets", "/library/tools/new", "/proposals", "/api/v1/team"]) {
      const page = await visitor.context.newPage();
      await page.goto(foreign);
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.request().method() === "POST"),
        page.evaluate(
          ([action]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = action ?? "";
            form.innerHTML = '<input name="action" value="save"><input name="name" value="Taken over">';
            document.body.append(form);
            form.submit();
          },
          [visitor.base + path],
        ),
      ]);
      statuses.push(answer.status());
      await page.close();
    }
    // SameSite keeps the cookie at home: to the server nobody is signed in.
    expect(statuses.filter((status) => status < 300 || status >= 500)).toEqual([]);
    expect(await rest(team, "/team").then((answer) => answer.json())).toEqual(before);
    await visitor.context.close();
  });

  it("cannot frame a page", async () => {
    const visitor = await visit(browser, server, { name: "Framed Example" });
    const foreign = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    await visitor.page.goto(foreign);
    const shown = await visitor.page.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const frame = document.createElement("iframe");
          frame.src = address;
          frame.addEventListener("load", () => {
            try {
              resolve(frame.contentDocument === null ? "another document" : frame.contentDocument.URL);
            } catch {
              resolve("refused");
            }
          });
          document.body.append(frame);
        }),
      visitor.base,
    );
    expect(shown).toBe("another document");
    expect(visitor.complaints.some((text) => text.includes("frame-ancestors"))).toBe(true);
    await visitor.context.close();
  });

  it("is never where a sign-in leads", async () => {
    const targets = [
      "https://elsewhere.example/",
      "//elsewhere.example/",
      "/\\elsewhere.example/",
      "\\\\elsewhere.example",
      "/..//elsewhere.example/",
      "/%2F/elsewhere.example",
      "http:elsewhere.example",
      "javascript:alert(1)",
      "data:text/html,x",
      "/\t/elsewhere.example",
      `${origin}.elsewhere.example/`,
      "https://localhost@elsewhere.example/",
    ];
    const led: string[] = [];
    for (const target of targets) {
      const answer = await operator(server, "/teams/demo/invitations", {
        method: "POST",
        body: JSON.stringify({ role: "viewer", sign_in: true }),
      });
      const { pathname } = new URL(((await answer.json()) as { url: string }).url);
      const context = await browser.newContext();
      const page = await context.newPage();
      page.on("request", (request) => {
        if (request.isNavigationRequest() && !request.url().startsWith(`${origin}/`))
          led.push(`${target}: ${request.url()}`);
      });
      await page.goto(`${origin}${pathname}?${new URLSearchParams({ return_to: target })}`);
      await page.locator("#link-name").fill("Redirected Example");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForLoadState("load");
      await page.goto(`${origin}/sign-in?${new URLSearchParams({ return_to: target })}`);
      await context.close();
    }
    expect(led).toEqual([]);
  });
});
