// Every page of the dashboard, whatever its feature: it answers, is readable by everyone, fits its screen, and keeps to the policy.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { crawl } from "../helpers/crawl.ts";
import { launch, visit } from "../helpers/dashboard.ts";

const server = inject("server");
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
});

const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

describe.each([
  { theme: "light", width: 1440 },
  { theme: "dark", width: 390 },
] as const)("every page, $theme, $width px wide", ({ theme, width }) => {
  it("answers, has one heading, nothing serious for axe, no sideways scrolling and no complaint", {
    timeout: 600_000,
  }, async () => {
    const options = { viewport: { width, height: 900 }, colorScheme: theme };
    const visitor = await visit(browser, server, { name: `Crawling ${theme}`, role: "owner" }, options);
    const faults: string[] = [];
    const pages = await crawl(visitor, async ({ path, status, headers }) => {
      const say = (fault: string) => faults.push(`${path === "" ? "/" : path}: ${fault}`);
      if (status !== 200) say(`status ${status}`);
      if (headers["content-security-policy"] !== policy) say(`policy ${headers["content-security-policy"]}`);
      if (headers["x-frame-options"] !== "DENY") say("may be framed");
      const headings = await visitor.page.getByRole("heading", { level: 1 }).count();
      if (headings !== 1) say(`${headings} headings of level 1`);
      const sideways = await visitor.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (sideways > 0) say(`scrolls sideways by ${sideways} px`);
      for (const finding of await visitor.axe()) say(finding);
    });
    expect(faults).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    expect(visitor.outside).toEqual([]);
    // Fewer would mean that the links were not found.
    expect(pages.length).toBeGreaterThan(25);
    await visitor.context.close();
  });
});

it("can be read without scripts, page by page, from the home page on", { timeout: 300_000 }, async () => {
  const signedIn = await visit(browser, server, { name: "Without Scripts", role: "member" });
  const context = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await signedIn.context.storageState(),
  });
  const page = await context.newPage();
  await page.goto(signedIn.base);
  const places = await page
    .locator(".side a")
    .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
  expect(places.length).toBeGreaterThan(7);
  const texts: [string, number][] = [];
  for (const place of places) {
    const response = await page.goto(place);
    const text = (await page.locator("main").textContent()) ?? "";
    texts.push([place.slice(signedIn.base.length), response?.status() === 200 && text.length > 40 ? 200 : text.length]);
  }
  expect(texts).toEqual(texts.map(([place]) => [place, 200]));
  await context.close();
  await signedIn.context.close();
});
