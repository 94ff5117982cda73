// The API's reference in a real browser: it loads, asks nobody else for anything, and its requests reach the API. Runs in Node.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTeam } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const name = `reference-${crypto.randomUUID().slice(0, 8)}`;
let browser: Browser;
let visitor: Visitor;

beforeAll(async () => {
  browser = await launch();
  await createTeam(server, name);
  visitor = await visit(browser, server, { name: "Rita", role: "member", team: name });
});

afterAll(async () => {
  await browser?.close();
});

it("shows every operation, from this site alone, under a policy that nothing breaks", async () => {
  const { page, base, complaints, outside } = visitor;
  const answer = await page.goto(`${base}/api#tag/access/GET/whoami`);
  expect(answer?.headers()["content-security-policy"]).toBe(
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  expect(answer?.headers()["x-frame-options"]).toBe("DENY");
  await page.getByRole("heading", { name: "Who am I" }).first().waitFor();
  expect(await page.locator('.reference-bar a[href$="/api/v1/openapi.json"]').isVisible()).toBe(true);
  const links = page.locator('#reference a[href^="http"]');
  expect(await links.evaluateAll((all) => all.filter((link) => link.checkVisibility()).length)).toBe(0);
  expect([outside, complaints]).toEqual([[], []]);
});

it("tries an operation with the session that the browser has", async () => {
  const { page, base, complaints, outside } = visitor;
  await page.goto(`${base}/api#tag/access/GET/whoami`);
  await page.reload();
  await page
    .getByRole("button", { name: /Test Request.*whoami/ })
    .first()
    .click();
  const asked = page.waitForResponse((response) => response.url() === `${base}/api/v1/whoami`);
  await page.getByRole("button", { name: "Send", exact: false }).first().click();
  const answer = await asked;
  expect([answer.status(), ((await answer.json()) as { role: string }).role]).toEqual([200, "member"]);
  expect([outside, complaints]).toEqual([[], []]);
});

it("says without scripts where the document is, and is not for strangers", async () => {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await visitor.context.storageState(),
  });
  const page = await context.newPage();
  await page.goto(`${visitor.base}/api`);
  expect(await page.locator("main").textContent()).toBe(
    "Loading the reference. It needs JavaScript; without it, openapi.json says all of it, for people and programs.",
  );
  await context.close();
  const strange = await browser.newContext();
  const elsewhere = await strange.newPage();
  await elsewhere.goto(`${visitor.base}/api`);
  expect(new URL(elsewhere.url()).pathname).toBe("/sign-in");
  await strange.close();
});
