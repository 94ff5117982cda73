// Consent in a real browser: the page, and that its policy lets the answer reach a client on this machine.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { ensureChromium } from "../../scripts/ensure-chromium.mjs";
import { operator } from "../helpers/clients.ts";

const server = inject("server");
let browser: Browser;
let client: Server;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: ensureChromium(), args: ["--no-sandbox"] });
  client = createServer((_request, response) => response.end("connected")).listen(0, "127.0.0.1");
  await once(client, "listening");
});

afterAll(async () => {
  client.close();
  await browser.close();
});

it("is given by keyboard and ends at the client, without a word from the page's policy", async () => {
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  const body = JSON.stringify({ role: "member", sign_in: true });
  const answer = await operator(server, "/teams/demo/invitations", { method: "POST", body });
  const { pathname } = new URL(((await answer.json()) as { url: string }).url);
  await page.goto(server.origin.replace("127.0.0.1", "localhost") + pathname);
  await page.locator("#link-name").fill("Consenting Example");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/account**");

  const redirectUri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
  const registered = await fetch(`${server.origin}/register`, {
    method: "POST",
    body: JSON.stringify({
      client_name: "Local <b>app</b>",
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "none",
    }),
  });
  const { client_id: clientId } = (await registered.json()) as { client_id: string };
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    state: "kept",
    scope: "data:read library:write",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
    resource: server.url,
  });
  // By number, as the client was given it; the person is taken to the name that they are signed in under.
  await page.goto(`${server.origin}/authorize?${query}`);
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(
    "Allow Local <b>app</b> to use the team demo?",
  );
  expect(await page.getByRole("alert").textContent()).toContain("an app on your own computer");
  expect(await page.getByRole("checkbox", { name: "library:write" }).isChecked()).toBe(true);
  await page.getByRole("button", { name: "Allow" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(`${redirectUri}?**`);
  expect(new URL(page.url()).searchParams.get("state")).toBe("kept");
  expect(complaints.filter((text) => !text.startsWith("Failed to load resource"))).toEqual([]);
});
