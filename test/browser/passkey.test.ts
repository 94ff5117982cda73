// Passkeys in a real browser with a virtual authenticator, and what pages do there: policies, keyboard, both themes.
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { ensureChromium } from "../../scripts/ensure-chromium.mjs";
import { operator } from "../helpers/clients.ts";

const server = inject("server");
const origin = server.origin.replace("127.0.0.1", "localhost");
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser complained about: scripts that failed, and what a policy refused. */
let complaints: string[];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: ensureChromium(), args: ["--no-sandbox"] });
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  const devTools = await context.newCDPSession(page);
  await devTools.send("WebAuthn.enable");
  await devTools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return async () => {
    await context.close();
  };
});

/** The path of a new invitation to the demo team. */
async function invitation(body: Record<string, unknown> = {}): Promise<string> {
  const answer = await operator(server, "/teams/demo/invitations", { method: "POST", body: JSON.stringify(body) });
  return new URL(((await answer.json()) as { url: string }).url).pathname;
}

const heading = () => page.getByRole("heading", { level: 1 }).textContent();

describe("a passkey", () => {
  it("lets someone invited in, signs them in again, and is theirs to rename and remove", async () => {
    await page.goto(origin + (await invitation({ role: "member" })));
    await page.getByLabel("Your name, as the team sees it").fill("Grace Example");
    await page.getByRole("button", { name: "Create a passkey and go on" }).click();
    await page.getByRole("button", { name: "Join demo" }).click();
    await page.waitForURL(`${origin}/?joined=demo`);
    expect(await page.getByLabel("MCP URL of Demo").inputValue()).toBe(`${origin}/t/demo/mcp`);
    const cookies = await context.cookies();
    expect(
      cookies.map(({ name, secure, httpOnly, sameSite, path }) => ({ name, secure, httpOnly, sameSite, path })),
    ).toEqual([{ name: "__Host-session", secure: true, httpOnly: true, sameSite: "Lax", path: "/" }]);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL(`${origin}/`);
    expect(await heading()).toBe("Your teams");

    await page.getByRole("link", { name: "Grace Example" }).click();
    await page.locator("summary").click();
    await page.getByLabel("New name").fill("Laptop");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.waitForURL(`${origin}/account?done=passkey-renamed`);
    await page.getByRole("button", { name: "Remove the passkey Laptop" }).click();
    expect(await heading()).toBe("Remove your only way to sign in?");
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.waitForURL(`${origin}/account?done=removed`);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.goto(`${origin}/sign-in`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("This passkey is not known here.").waitFor();
    expect(complaints).toEqual([]);
  });

  it("is added after a one-time link, and its answer counts once", async () => {
    await page.goto(origin + (await invitation({ role: "viewer", sign_in: true })));
    await page.getByLabel("Your name, as the team sees it").fill("Linus Example");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(`${origin}/account?done=joined`);
    await page.getByText("You have no way to sign in again").waitFor();
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.waitForURL(`${origin}/account?done=passkey`);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();

    await page.goto(`${origin}/sign-in`);
    const sent = page.waitForRequest((request) => request.url().endsWith("/sign-in/passkey/verify"));
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    const answer = await sent;
    const cookie = (await answer.allHeaders()).cookie ?? "";
    await page.waitForURL(`${origin}/`);
    // The same answer with the same sealed challenge, as someone who listened could send it.
    const replay = await fetch(`${origin}/sign-in/passkey/verify`, {
      method: "POST",
      headers: { "sec-fetch-site": "same-origin", cookie },
      body: answer.postData() ?? "",
    });
    const { detail } = (await replay.json()) as { detail: string };
    expect([replay.status, detail]).toEqual([401, "This passkey prompt was answered before or has expired."]);
    const bare = await page.evaluate(async (body) => {
      const response = await fetch("/sign-in/passkey/verify", { method: "POST", body });
      return [response.status, (await response.json()).detail];
    }, answer.postData());
    expect(bare).toEqual([401, "This passkey prompt was not opened from this page, or has expired."]);
    expect(complaints).toEqual([]);
  });
});

describe("pages", () => {
  it("work without JavaScript, but for passkeys, which they say", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const quiet = await plain.newPage();
    await quiet.goto(`${origin}/sign-in`);
    expect(await quiet.locator("noscript p").isVisible()).toBe(true);
    await quiet.goto(origin + (await invitation({ role: "viewer", sign_in: true })));
    await quiet.getByLabel("Your name, as the team sees it").fill("Text Only");
    await quiet.getByRole("button", { name: "Continue" }).click();
    await quiet.goto(origin);
    expect(await quiet.getByLabel("MCP URL of Demo").inputValue()).toBe(`${origin}/t/demo/mcp`);
    await plain.close();
  });

  it("keep a session on 127.0.0.1 too, and say where passkeys work", async () => {
    await page.goto(server.origin + (await invitation({ role: "viewer", sign_in: true })));
    expect(await page.getByText("Passkeys belong to a name, and 127.0.0.1 is a number.").isVisible()).toBe(true);
    await page.getByLabel("Your name, as the team sees it").fill("Loop Back");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.goto(server.origin);
    expect(await heading()).toBe("Your teams");
  });

  it("fit a phone, and are reached and used with the keyboard", async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(origin + (await invitation({ role: "viewer", sign_in: true })));
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.getByLabel("Your name, as the team sees it").focus();
    await page.keyboard.type("Key Board");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${origin}/account?done=joined`);
    for (const path of ["/", "/account", "/sign-in", "/teams/new", "/nothing"]) {
      await page.goto(origin + path);
      expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 320]);
    }
    expect(complaints).toEqual([]);
  });
});
