// Activity and Monitoring in a real browser: logs with filters in the address, the chain, one's inbox, charts with their numbers; and what who may not see is answered.
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Client, done, person, proposeTool } from "../helpers/acting.ts";
import { call, connectV2, createTeam, rest, until } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const name = `watched-${crypto.randomUUID().slice(0, 8)}`;
let browser: Browser;
let team: Awaited<ReturnType<typeof createTeam>>;
let owner: Client;
let ben: Client;

beforeAll(async () => {
  browser = await launch();
  team = await createTeam(server, name);
  owner = await connectV2(team);
  ben = await connectV2(await person(server, team, "ben", "member"));
  await done(owner, "create_dataset", { name: "orders", content: '[{"amount":1},{"amount":2}]', format: "json" });
  for (let index = 0; index < 3; index++)
    await done(owner, "query_dataset", { dataset: "orders", query: `length + ${index}` });
  for (const dataset of ["missing_one", "missing_two"]) await call(owner, "query_dataset", { dataset, query: "." });
  await done(ben, "query_dataset", { dataset: "orders", query: "map(.amount) | add" });
  const logged = async () => ((await (await rest(team, "/executions?limit=1")).json()) as { total: number }).total;
  await until(async () => (await logged()) >= 7, "all executions were logged");
}, 120_000);

afterAll(async () => {
  await Promise.all([owner.close(), ben.close()]);
  await browser.close();
});

const visiting = (who: string, role: "member" | "owner", options: Parameters<Browser["newContext"]>[0] = {}) =>
  visit(browser, server, { name: who, role, team: name }, options);

const entries = (page: Page, list: string): Promise<string[]> =>
  page.getByRole("list", { name: list }).locator("> li summary .what").allTextContents();

async function isClean(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe()).toEqual([]);
  }
  expect(visitor.complaints).toEqual([]);
  expect(visitor.outside).toEqual([]);
}

describe("executions", () => {
  it("are found by filters that stand in the address, open to show their arguments, and are exported as they are filtered", async () => {
    const visitor = await visiting("Looking Around", "owner");
    const { page, base, go } = visitor;
    await go("/activity");
    await expect.poll(() => entries(page, "Executions")).toContain("create_dataset");
    await isClean(visitor);
    await page.getByLabel("Outcome").selectOption("failed");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL("**/activity?*outcome=failed*");
    await expect.poll(() => entries(page, "Executions")).toEqual(["query_dataset", "query_dataset"]);
    await page.getByLabel("Search").fill("missing_two");
    await page.keyboard.press("Enter");
    await page.waitForURL("**text=missing_two**");
    await expect.poll(() => entries(page, "Executions")).toEqual(["query_dataset"]);
    await page.locator("ol.log summary").click();
    expect(await page.getByRole("region", { name: "Arguments" }).textContent()).toContain('"dataset": "missing_two"');
    expect(await page.locator("ol.log .tag").textContent()).toBe("not_found");
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export CSV" }).click();
    const lines = readFileSync(await (await downloading).path(), "utf8")
      .trim()
      .split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^executed_at,user,through,client,tool,/);
    expect(lines[1]).toContain('"{""dataset"":""missing_two"",""query"":"".""}"');
    await page.getByRole("link", { name: "Clear" }).click();
    await page.waitForURL(`${base}/activity`);
    await go("/activity?user=ben");
    await expect.poll(() => entries(page, "Executions")).toEqual(["query_dataset"]);
    await isClean(visitor);
    await visitor.context.close();
  });

  it("of a filter that cannot be had: say why, and keep what was entered", async () => {
    const visitor = await visiting("Typing Wrongly", "owner");
    const answer = await visitor.page.goto(`${visitor.base}/activity?from=yesterday&text=orders`);
    expect(answer?.status()).toBe(400);
    expect(await visitor.page.getByRole("alert").first().textContent()).toContain("from: use ISO 8601");
    expect(await visitor.page.getByLabel("Search").inputValue()).toBe("orders");
    await isClean(visitor);
    await visitor.context.close();
  });

  it("are filtered without scripts, too", async () => {
    const visitor = await visiting("Without Scripts", "owner");
    const storageState = await visitor.context.storageState();
    const context = await browser.newContext({ javaScriptEnabled: false, storageState });
    const page = await context.newPage();
    await page.goto(`${visitor.base}/activity`);
    await page.getByLabel("Search").fill("missing_one");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL("**text=missing_one**");
    await expect.poll(() => entries(page, "Executions")).toEqual(["query_dataset"]);
    await context.close();
    await visitor.context.close();
  });

  it("of others, the audit log and monitoring are not for members", async () => {
    const visitor = await visiting("Just A Member", "member");
    const { page, base, go } = visitor;
    await go("/activity");
    expect(await page.getByText("No tool was called yet").count()).toBe(1);
    expect(await page.getByRole("navigation", { name: "Activity" }).getByRole("link").allTextContents()).toEqual([
      "Executions",
      "Notifications",
    ]);
    for (const path of ["/activity/audit", "/activity/audit/verify", "/monitoring"]) {
      const answer = await page.goto(base + path);
      expect([path, answer?.status()]).toEqual([path, 403]);
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("This is not allowed");
    }
    await isClean(visitor);
    await visitor.context.close();
  });
});

describe("the audit log", () => {
  it("is searched, shows what changed, and is verified: it holds, or it says where it does not", async () => {
    const visitor = await visiting("Checking The Chain", "owner");
    const { page, go } = visitor;
    await go("/activity/audit");
    await page.getByText("More filters").click();
    await page.getByLabel("Action").fill("dataset.");
    await page.keyboard.press("Enter");
    await page.waitForURL("**action=dataset.**");
    await expect.poll(() => entries(page, "Audit log")).toEqual(["orders"]);
    await page.locator("ol.log summary").click();
    expect(await page.locator("ol.log .diff").textContent()).toContain("+ ");
    await isClean(visitor);
    await page.getByRole("link", { name: "Verify the chain" }).click();
    await page.getByText("The chain holds").waitFor();
    const head = (await page.locator("#head").textContent()) ?? "";
    expect(head).toMatch(/^\d+:[0-9a-f]{64}$/);
    await page.getByLabel("Head of the earlier check").fill(`1:${"0".repeat(64)}`);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("The chain is broken").waitFor();
    expect(await page.locator("#verdict").textContent()).toContain("At entry 1: It is not the entry that was here");
    await page.getByLabel("Head of the earlier check").fill("what?");
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("alert").getByText("use <seq>:<hash>").waitFor();
    await isClean(visitor);
    await visitor.context.close();
  });
});

describe("notifications", () => {
  it("come in while the page is open, lead to what they are about, and are marked as read", async () => {
    const visitor = await visiting("Being Told", "owner");
    const { page, go } = visitor;
    await go("/activity/notifications");
    expect(await page.getByText("No notifications yet").count()).toBe(1);
    await page.locator('[data-live-state="on"]').waitFor();
    const proposal = await proposeTool(ben, "answer_of_all", "42");
    await page.getByRole("list", { name: "Notifications" }).waitFor();
    expect(await page.getByRole("list", { name: "Notifications" }).getByRole("link").getAttribute("href")).toBe(
      `/t/${name}/proposals/${proposal}`,
    );
    expect(await page.locator(".tabs .count").textContent()).toBe("1");
    await isClean(visitor);
    await page.getByRole("button", { name: "Mark all as read" }).click();
    await page.getByText("Marked as read.").waitFor();
    expect([await page.locator(".tabs .count").count(), await page.locator(".unread").count()]).toEqual([0, 0]);
    await page.getByRole("link", { name: "Show unread only" }).click();
    await page.getByText("Nothing unread").waitFor();
    await visitor.context.close();
  });
});

describe("monitoring", () => {
  it("shows numbers, charts with their tables, and leads to the executions behind them", async () => {
    const visitor = await visiting("Watching Over It", "owner");
    const { page, go } = visitor;
    await go("/monitoring");
    expect(await page.locator("dl.stats dt").allTextContents()).toEqual([
      ...["Calls", "Errors", "Share of errors", "p50", "p95", "p99", "Stored now"],
    ]);
    expect(await page.getByRole("img", { name: /^Calls / }).count()).toBe(1);
    await page.locator("#calls-chart summary").click();
    const rows = await page.locator("#calls-chart tbody tr").allTextContents();
    expect(rows).toHaveLength(24);
    const failing = page.getByRole("region", { name: "Failing tools" }).first();
    expect(await failing.locator("tbody tr").allTextContents()).toEqual(["query_dataset6233 %"]);
    await isClean(visitor);
    await page.getByRole("link", { name: "Last 7 days" }).click();
    await page.waitForURL("**window=7d");
    await expect.poll(() => page.locator("#calls-chart tbody tr").count()).toBe(28);
    await failing.getByRole("link", { name: "query_dataset" }).click();
    await page.waitForURL("**/activity?tool=query_dataset&outcome=failed&from=**");
    await expect.poll(() => entries(page, "Executions")).toEqual(["query_dataset", "query_dataset"]);
    await visitor.context.close();
  });

  it("fits a phone, and says what to do where nothing was called yet", async () => {
    const quiet = await createTeam(server, `quiet-${crypto.randomUUID().slice(0, 8)}`);
    const options = { viewport: { width: 390, height: 844 } };
    const visitor = await visit(browser, server, { name: "In A Quiet Place", team: quiet.team }, options);
    await visitor.go("/monitoring?window=30d");
    expect(await visitor.page.getByText("No calls in this window").count()).toBe(1);
    expect(await visitor.page.getByRole("link", { name: "connect a client" }).getAttribute("href")).toBe(
      `/t/${quiet.team}`,
    );
    const sideways = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(sideways).toBeLessThanOrEqual(0);
    await isClean(visitor);
    await visitor.context.close();
  });
});
