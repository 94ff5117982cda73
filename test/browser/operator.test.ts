// The operator's pages in a real browser: the token in, a team made, an owner let in, deletion and restore, and who stays out. Runs in Node.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { launch, pageFindings } from "../helpers/dashboard.ts";

const server = inject("server");
const origin = server.origin.replace("127.0.0.1", "localhost");
const token = readFileSync(join(server.persist, "operator-token"), "utf8").trim();
const team = "operator-pages";
let browser: Browser;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launch();
  context = await browser.newContext();
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isOfNetwork = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isOfNetwork) complaints.push(message.text());
  });
});

afterAll(async () => {
  await browser.close();
});

async function expectSound(): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await pageFindings(page)).toEqual([]);
  }
  expect(complaints).toEqual([]);
}

it("keeps out who has a wrong token, and a form of another site", async () => {
  const answer = await page.goto(`${origin}/operator/teams`);
  expect(answer?.status()).toBe(401);
  expect(await page.title()).toBe("Sign in · Operator · Super Data");
  await expectSound();
  await page.getByLabel("Operator token").fill("not-the-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  expect(await page.locator("#problem").textContent()).toBe("That is not this deployment's operator token.");
  expect(await context.cookies()).toEqual([]);
  expect(await page.content()).not.toContain("not-the-token");

  const foreign = await fetch(`${server.origin}/operator/sign-in`, {
    method: "POST",
    body: new URLSearchParams({ token }),
    headers: { origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" },
  });
  expect(foreign.status).toBe(403);
  expect(foreign.headers.get("set-cookie")).toBeNull();
});

it("lets the token in for this browser's own pages alone, and back to where it was wanted", async () => {
  await page.getByLabel("Operator token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/operator/teams");
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({
    name: "__Host-operator",
    httpOnly: true,
    secure: true,
    sameSite: "Strict",
    path: "/",
  });
  expect(cookie?.value).not.toContain(token);
  await expectSound();
  // The API stays the bearers': the cookie opens no JSON.
  const json = await page.request.get(`${origin}/operator/teams`, { headers: { accept: "application/json" } });
  expect(json.status()).toBe(401);
  const bearer = await fetch(`${server.origin}/operator/teams`, {
    headers: { authorization: `Bearer ${token}`, accept: "text/html" },
  });
  expect(bearer.headers.get("content-type")).toContain("application/json");
});

it("makes a team with its owner's link, which signs in", async () => {
  const card = page.getByRole("region", { name: "Make a team" });
  await card.getByLabel("Name in its URL").fill("Not A Slug");
  await card.getByRole("button").click();
  await card.locator("#problem").waitFor();
  await card.getByLabel("Name in its URL").fill(team);
  await card.getByLabel("Name", { exact: true }).fill("<i>Operator's</i> team");
  await card.getByRole("button").click();
  const link = (await page.locator("#made-link").textContent()) ?? "";
  expect(link).toContain(`/join/${team}/`);
  await expectSound();
  const guest = await (await browser.newContext()).newPage();
  await guest.goto(origin + new URL(link).pathname);
  await guest.locator("#link-name").fill("First Owner");
  await guest.getByRole("button", { name: "Continue" }).click();
  await guest.waitForURL("**/account**");
  await guest.goto(`${origin}/t/${team}/people`);
  expect(
    await guest
      .getByRole("row", { name: /First Owner/ })
      .locator(".tag", { hasText: "owner" })
      .count(),
  ).toBe(1);
  await guest.context().close();
});

it("lists teams with what they do, deletes one and brings it back, and lets an owner in", async () => {
  await page.goto(`${origin}/operator/teams`);
  const row = page.getByRole("row", { name: new RegExp(team) });
  expect(await row.getByText("<i>Operator's</i> team").count()).toBe(1);
  expect(await row.getByText("open", { exact: true }).count()).toBe(1);
  await row.getByRole("link").click();
  await expectSound();
  await page.getByLabel("Role").selectOption("owner");
  await page.getByLabel(/^The link itself signs in/).check();
  await page.getByRole("button", { name: "Make the link" }).click();
  expect(await page.locator("#made-link").textContent()).toContain(`/join/${team}/`);

  await page.goto(`${origin}/operator/teams/${team}`);
  await page.getByLabel(`Type ${team} to confirm`).fill("demo");
  await page.getByRole("button", { name: "Delete the team" }).click();
  await page.locator("#problem").waitFor();
  await page.getByLabel(`Type ${team} to confirm`).fill(team);
  await page.getByRole("button", { name: "Delete the team" }).click();
  await page.waitForURL("**?done=deleted");
  await expectSound();
  await page.goto(`${origin}/operator/teams`);
  expect(await row.getByText("deleted", { exact: true }).count()).toBe(1);
  await row.getByRole("link").click();
  await page.getByRole("button", { name: "Restore it" }).click();
  await page.waitForURL("**?done=restored");
  expect(await page.locator("#done").textContent()).toBe("The team is back as it was.");
});

it("shows health, figures and dead letters, and signs out", async () => {
  await page.goto(`${origin}/operator`);
  expect(await page.getByText("all parts answer").count()).toBe(1);
  await page.locator("#calls-by-team summary").click();
  expect(await page.locator("#calls-by-team").getByRole("link", { name: server.team, exact: true }).count()).toBe(1);
  await expectSound();
  await page
    .getByRole("navigation", { name: "Operator", exact: true })
    .getByRole("link", { name: "Dead letters" })
    .click();
  await page.waitForURL("**/operator/dead-letters");
  await expectSound();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/operator");
  expect(await page.title()).toBe("Sign in · Operator · Super Data");
  expect(await context.cookies()).toEqual([]);
});
