// The library in real browsers: reading, running, writing with marks and completion, two people at once, without scripts, and what must not get through.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { operator } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
let browser: Browser;
let ana: Visitor;

beforeAll(async () => {
  browser = await launch();
  ana = await visit(browser, server, { name: "Library Ana" });
});

afterAll(async () => {
  await browser.close();
});

let made = 0;

/** Saves a tool over REST, as a client would; gives its name. */
async function savedTool(fields: Record<string, unknown> = {}): Promise<string> {
  const name = `library_tool_${process.pid}_${++made}`;
  const answer = await fetch(`${server.origin}/t/${server.team}/api/v1/library/tools/${name}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    body: JSON.stringify({ description: `What ${name} gives`, query: "[1, 2]", ...fields }),
  });
  expect(answer.ok, await answer.clone().text()).toBe(true);
  return name;
}

/** axe has nothing to say of the page in either theme. */
async function expectClean(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe()).toEqual([]);
  }
}

/** The editor's own field, once it stands in the place of the textarea. */
const code = (page: Page, name: string) => page.locator(`jq-editor [contenteditable][aria-label="${name}"]`);

async function replaceCode(page: Page, name: string, text: string): Promise<void> {
  await code(page, name).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

const problems = (page: Page) => page.locator("jq-editor").getByRole("status").getByRole("button");

describe("reading the library", () => {
  it("leads from the list to a tool, its picture, a run of it and its history", async () => {
    const { page, go } = ana;
    await go("/library");
    await page.getByLabel("Words in name or description").fill("spent most");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL("**/library?q=*");
    expect(await page.locator("#tools tbody tr").count()).toBe(1);
    await expectClean(ana);

    await page.getByRole("link", { name: "top_customers" }).click();
    await page.waitForURL("**/library/tools/top_customers");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("top_customers");
    expect(await page.locator("#tool-query .j-call").first().textContent()).toBe("tally");
    const graph = page.getByRole("region", { name: "Dependencies of top_customers" });
    expect(await graph.getByRole("link").evaluateAll((links) => links.map((link) => link.ariaLabel))).toEqual([
      "Tool top_customers",
      "Function money",
      "Function tally",
      "Dataset orders",
      "Function round_to",
    ]);
    await expectClean(ana);

    await page.getByRole("link", { name: "Run", exact: true }).click();
    await page.getByRole("spinbutton", { name: "n integer" }).fill("3");
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator("#result-title").waitFor();
    expect(await page.locator("#result tbody tr").count()).toBe(3);
    await page.getByRole("link", { name: "JSON" }).click();
    await page.waitForURL("**view=json*");
    expect(await page.locator("#result-text").textContent()).toContain('"customer"');
    await expectClean(ana);

    await page.getByRole("link", { name: "History", exact: true }).click();
    await page.getByRole("link", { name: "Show who wrote each line" }).click();
    await page.locator("#lines").waitFor();
    await expectClean(ana);

    await go("/library/graph?datasets=yes");
    await page.getByRole("link", { name: "Function money" }).first().click();
    await page.waitForURL("**/library/functions/money");
    expect(await page.locator("#function-definition .j-keyword").first().textContent()).toBe("def");
    await expectClean(ana);
    expect(ana.complaints).toEqual([]);
    expect(ana.outside).toEqual([]);
  });

  it("says what is wrong with an argument beside its field, and keeps what was entered", async () => {
    const { page, go } = ana;
    await go("/library/tools/top_customers/run?run=yes&p.n=zero");
    expect(await page.getByRole("alert").first().textContent()).toContain("n: expected an integer, got a string.");
    const name = await savedTool({
      query: "${word}",
      parameters: [{ name: "word", type: "string", pattern: "^[a-z]+$" }],
    });
    await go(`/library/tools/${name}/run`);
    await page.getByRole("textbox", { name: "word string" }).fill("A1");
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator("#problem").waitFor();
    expect(await page.getByRole("textbox", { name: "word string" }).inputValue()).toBe("A1");
    expect(await page.locator("[aria-invalid=true]").count()).toBe(1);
    await expectClean(ana);
  });
});

describe("writing a tool", () => {
  it("marks mistakes where they are, completes, checks, tests, saves", async () => {
    const { page, go } = ana;
    const name = `written_${process.pid}`;
    await go("/library/tools/new");
    await page.getByLabel("Name", { exact: true }).first().fill(name);
    await page.getByLabel("Description").fill("Names of one kind");
    await page.getByLabel("products", { exact: true }).check();
    await replaceCode(page, "Query", 'map(selec(.category == "a"))');
    await problems(page).first().waitFor();
    expect(await problems(page).allTextContents()).toEqual([
      "Line 1, column 5: there is no function selec with 1 argument, neither in jq nor in the team's library. Did you mean select?",
    ]);
    expect(await page.locator("jq-editor .problem.error").textContent()).toBe("selec");
    await expectClean(ana);

    // Tab indents, and Escape lets it go on.
    await replaceCode(page, "Query", "map(select(.category == ${kind}) | ");
    await page.keyboard.type(".na");
    const offered = page.locator("jq-editor").getByRole("option");
    await offered.first().waitFor();
    expect(await offered.first().textContent()).toContain("name");
    await page.keyboard.press("Enter");
    await page.keyboard.type(") | mon");
    await offered.filter({ hasText: "money" }).waitFor();
    await page.keyboard.press("Escape");
    await replaceCode(page, "Query", "map(select(.category == ${kind}) | .name)");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    expect(
      await code(page, "Query").evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element),
    ).toBe(false);

    await page.getByRole("button", { name: "Add a parameter" }).click();
    await page.locator("#param-0").fill("kind");
    await page.locator("#param-0").blur();
    await expect.poll(() => problems(page).count()).toBe(0);
    await page.getByRole("button", { name: "Add a test" }).click();
    await page.locator("#test_arguments-0").fill('{"kind": "a"}');
    await page.locator("#test_input-0").fill('[{"category": "a", "name": "x"}, {"category": "b", "name": "y"}]');
    await page.locator("#test_expected-0").fill('["y"]');
    await page.getByRole("button", { name: "Run tests" }).click();
    await page.getByText("0 of 1 tests pass").waitFor();
    expect(await page.locator("#outcome").textContent()).toContain('expected ["y"], gave ["x"]');
    await page.locator("#test_expected-0").fill('["x"]');
    await page.getByRole("button", { name: "Run tests" }).click();
    await page.getByText("1 of 1 tests pass").waitFor();
    await expectClean(ana);
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(`**/library/tools/${name}?done=saved`);
    expect(await page.locator("#done").textContent()).toBe("Saved. Every client has it from now on.");
    expect(ana.complaints).toEqual([]);
  });

  it("keeps what was written when it cannot be saved", async () => {
    const { page, go } = ana;
    await go("/library/functions/new");
    await replaceCode(page, "Definition", "def broken($a): if $a then 1");
    await page.getByLabel("Description").fill("Not done yet");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#problem").waitFor();
    expect(await page.locator("#problem").textContent()).toContain("line 1, column");
    expect(await page.locator("#f-definition").inputValue()).toBe("def broken($a): if $a then 1");
    expect(await page.getByLabel("Description").inputValue()).toBe("Not done yet");
    await problems(page).first().waitFor();
    await expectClean(ana);
  });

  it("shows both sides when someone else has saved meanwhile, and goes back to a version", async () => {
    const name = await savedTool();
    const ben = await visit(browser, server, { name: "Library Ben" });
    const path = `/library/tools/${name}/edit`;
    await Promise.all([ana.go(path), ben.go(path)]);
    await ana.page.getByLabel("Description").fill("As Ana has it");
    await ben.page.getByLabel("Description").fill("As Ben has it");
    await ben.page.getByRole("button", { name: "Save" }).click();
    await ben.page.waitForURL(`**/library/tools/${name}?done=saved`);

    await ana.page.getByRole("button", { name: "Save" }).click();
    await ana.page.locator("#problem").waitFor();
    expect(await ana.page.locator("#problem").textContent()).toContain(
      `The tool ${name} was changed by library-ben since this page was opened: it is at version 2. Nothing was saved.`,
    );
    expect(await ana.page.getByLabel("description, their change").textContent()).toContain("+ As Ben has it");
    expect(await ana.page.getByLabel("description, your change").textContent()).toContain("- As Ben has it");
    expect(await ana.page.getByLabel("Description", { exact: true }).inputValue()).toBe("As Ana has it");
    await expectClean(ana);
    await ana.page.getByRole("button", { name: "Save" }).click();
    await ana.page.waitForURL(`**/library/tools/${name}?done=saved`);
    // Ben's page follows, without a reload.
    await expect.poll(() => ben.page.locator("dl.facts").first().textContent()).toContain("3, ");

    await ana.go(`/library/tools/${name}/history?from=1&to=3`);
    expect(await ana.page.locator("#compared .added").allTextContents()).toEqual(["+ As Ana has it\n"]);
    await expectClean(ana);
    await ana.page.getByRole("button", { name: "Go back to this version, 1" }).click();
    await ana.page.waitForURL("**done=rolled-back");
    await ana.go(`/library/tools/${name}`);
    await ana.page.locator("summary", { hasText: "Take out of use" }).click();
    await ana.page.getByRole("button", { name: "Take out of use" }).click();
    await ana.page.waitForURL("**done=deactivated");
    await ana.go("/library/out-of-use");
    await expectClean(ana);
    await ana.page.getByRole("button", { name: `Bring back ${name}` }).click();
    await ana.page.waitForURL("**done=restored");
    expect([ana.complaints, ben.complaints]).toEqual([[], []]);
    await ben.context.close();
  });

  it("is proposed by members of a team that votes, with its tests", async () => {
    const name = await savedTool();
    const mia = await visit(browser, server, { name: "Library Mia", role: "member" });
    await mia.go(`/library/tools/${name}/edit?query=%5B3%5D`);
    expect(await mia.page.getByRole("button", { name: "Save" }).count()).toBe(0);
    expect(await mia.page.locator("#f-query").inputValue()).toBe("[3]");
    await mia.page.getByRole("button", { name: "Add a test" }).click();
    await mia.page.locator("#test_expected-0").fill("[3]");
    await mia.page.getByRole("button", { name: "Propose" }).click();
    await mia.page.locator("#problem").waitFor();
    expect(await mia.page.locator("#problem").textContent()).toContain("A proposal needs a reason.");
    await mia.page.getByLabel("Reason, for those who vote").fill("Three is better");
    await mia.page.getByRole("button", { name: "Propose" }).click();
    await mia.page.waitForURL("**/proposals/prop_*");
    expect(mia.complaints).toEqual([]);
    await mia.context.close();
  });
});

describe("the library's edges", () => {
  it("is read by viewers, who are not offered what they may not do", async () => {
    const vic = await visit(browser, server, { name: "Library Vic", role: "viewer" });
    await vic.go("/library/tools/top_customers");
    expect(await vic.page.getByRole("link", { name: "Edit" }).count()).toBe(0);
    expect(await vic.page.getByText("Take out of use").count()).toBe(0);
    const refused = await vic.page.goto(`${vic.base}/library/tools/new`);
    expect(refused?.status()).toBe(403);
    expect(await vic.page.getByRole("heading", { level: 1 }).textContent()).toBe("This is not allowed");
    const missing = await vic.page.goto(`${vic.base}/library/tools/no_such_tool`);
    expect(missing?.status()).toBe(404);
    await vic.context.close();
  });

  it("shows what people wrote as text, wherever it stands", async () => {
    const evil = '</textarea><script>window.stolen=1</script><img src=x onerror="window.stolen=1">';
    const name = await savedTool({ description: evil, query: `"${evil.replaceAll('"', '\\"')}"`, reason: evil });
    for (const view of ["", "/run?run=yes", "/history?lines=yes", "/edit", "/tests", "/advice?run=yes"]) {
      await ana.go(`/library/tools/${name}${view}`);
      expect(await ana.page.evaluate(() => "stolen" in window)).toBe(false);
    }
    expect(await ana.page.locator("img").count()).toBe(0);
    const posted = await fetch(`${ana.base}/library/tools/${name}`, {
      method: "POST",
      headers: {
        cookie: (await ana.context.cookies()).map((cookie) => `${cookie.name}=${cookie.value}`).join("; "),
        origin: "https://elsewhere.example",
        "content-type": "application/x-www-form-urlencoded",
        accept: "text/html",
      },
      body: "action=deactivate&to=deactivate&kind=tool",
    });
    expect(posted.status).toBe(403);
    expect(ana.complaints).toEqual([]);
  });

  it("is read and written without scripts", async () => {
    const name = await savedTool({ parameters: [{ name: "n", type: "integer", default: 1 }], query: "$n" });
    const answer = await operator(server, `/teams/${server.team}/invitations`, {
      method: "POST",
      body: JSON.stringify({ role: "owner", sign_in: true }),
    });
    const { pathname } = new URL(((await answer.json()) as { url: string }).url);
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const origin = server.origin.replace("127.0.0.1", "localhost");
    await page.goto(origin + pathname);
    await page.locator("#link-name").fill("Library Plain");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.goto(`${origin}/t/${server.team}/library/tools/${name}/run`);
    await page.getByRole("spinbutton", { name: "n integer" }).fill("41");
    await page.getByRole("button", { name: "Run" }).click();
    expect(await page.locator("#result").textContent()).toContain("41");
    await page.goto(`${origin}/t/${server.team}/library/tools/${name}/edit`);
    await page.getByLabel("Query").fill("$n + 1");
    await page.getByRole("button", { name: "Check" }).click();
    expect(await page.locator("#findings-title").textContent()).toContain("All is well");
    await page.getByRole("button", { name: "Save" }).click();
    expect(await page.locator("#done").textContent()).toBe("Saved. Every client has it from now on.");
    expect(await page.locator("#tool-query").textContent()).toBe("$n + 1");
    await context.close();
  });
});
