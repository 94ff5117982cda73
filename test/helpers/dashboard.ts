// People in real browsers, for tests of the dashboard: signed in, watched for complaints and outside requests, checked by axe. Runs in Node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { ensureChromium } from "../../scripts/ensure-chromium.mjs";
import { operator } from "./clients.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export type Role = "viewer" | "member" | "admin" | "owner";

interface Site {
  origin: string;
  team: string;
  token: string;
  url: string;
  persist: string;
}

/** One person with one browser window, signed in to a team. */
export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** Origin and path of the team's dashboard. */
  base: string;
  /** Opens a page below the team's address, and waits until its scripts run. */
  go: (path: string) => Promise<void>;
  /** Errors of scripts, and what a policy refused. */
  complaints: string[];
  /** Requests that left the server's origin. */
  outside: string[];
  /** Serious and critical findings of axe on the page as it is now, one line each. */
  axe: () => Promise<string[]>;
}

/** Launches Chromium; close it after the tests. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: ensureChromium(), args: ["--no-sandbox"] });
}

/** Signs a new person in through an invitation's link. People use the name, programs the number: so do browsers here. */
export async function visit(
  browser: Browser,
  site: Site,
  person: { role?: Role; name: string; team?: string },
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<Visitor> {
  const team = person.team ?? site.team;
  const origin = site.origin.replace("127.0.0.1", "localhost");
  const body = JSON.stringify({ role: person.role ?? "owner", sign_in: true });
  const answer = await operator(site, `/teams/${team}/invitations`, { method: "POST", body });
  const { pathname } = new URL(((await answer.json()) as { url: string }).url);
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const outside: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isOfNetwork = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isOfNetwork) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) outside.push(request.url());
  });
  await page.goto(origin + pathname);
  await page.locator("#link-name").fill(person.name);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/account**");
  const base = `${origin}/t/${team}`;
  const go = async (path: string): Promise<void> => {
    await page.goto(base + path);
    await page.waitForFunction(() => "htmx" in window);
  };
  return { page, context, base, go, complaints, outside, axe: () => pageFindings(page) };
}

/** axe by the DevTools protocol, which the page's policy has no say in. */
export async function pageFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run: (options: object) => Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    return (await axe.run({ runOnly: { type: "tag", values: tags } })).violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
