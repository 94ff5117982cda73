// The people pages in a real browser: an invitation made and used, roles, tokens that work, and the last owner, who stays. Runs in Node.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { operator } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const team = "people-pages";
let browser: Browser;
let owner: Visitor;

beforeAll(async () => {
  browser = await launch();
  await operator(server, `/teams/${team}`, { method: "PUT" });
  owner = await visit(browser, server, { name: "Olga Owner", team });
});

afterAll(async () => {
  await browser.close();
});

/** Nothing was complained about, nothing went outside, axe finds nothing, in both themes. */
async function expectSound(visitor: Visitor): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    expect(await visitor.axe()).toEqual([]);
  }
  expect(visitor.complaints).toEqual([]);
  expect(visitor.outside).toEqual([]);
}

it("invites someone by a link that is shown once, and lists and revokes invitations", async () => {
  const { page } = owner;
  await owner.go("/people");
  expect(await page.title()).toBe(`People · ${team} · Super Data`);
  await expectSound(owner);
  await page.getByRole("link", { name: "Invitations" }).click();
  await page.waitForURL("**/people/invitations");
  const card = page.getByRole("region", { name: "Invite someone" });
  await card.getByLabel("Role").selectOption("viewer");
  await card.getByLabel("Address").fill("vera@example.org");
  await card.getByRole("button", { name: "Make the link" }).click();
  const link = (await page.locator("#made-link").textContent()) ?? "";
  expect(link).toMatch(new RegExp(`/join/${team}/[A-Za-z0-9_-]{43}$`));
  expect((await fetch(link.replace("localhost", "127.0.0.1"))).status).toBe(200);
  await expectSound(owner);

  await owner.go("/people/invitations");
  expect(await page.locator("#made-link").count()).toBe(0);
  const row = page.getByRole("row", { name: /vera@example\.org/ });
  expect(await row.getByText("open", { exact: true }).count()).toBe(1);
  await row.getByText("Revoke", { exact: true }).click();
  await row.getByRole("button", { name: /^Revoke it/ }).click();
  await page.waitForURL("**/people/invitations?done=revoked");
  expect(await page.locator("#done").textContent()).toBe(
    "The invitation is revoked; its link lets nobody in any more.",
  );
  expect((await fetch(link.replace("localhost", "127.0.0.1"))).status).not.toBe(200);
});

it("changes roles, hands the team over, removes, and refuses what would leave the team without an owner", async () => {
  const other = await visit(browser, server, { name: "Mira Member", role: "member", team });
  const { page } = owner;
  await owner.go("/people");
  const row = page.getByRole("row", { name: /Mira Member/ });
  await row.locator("summary", { hasText: "Change" }).click();
  await row.getByRole("combobox").selectOption("admin");
  await row.getByRole("button", { name: "Set role" }).click();
  await page.waitForURL("**/people?done=role");
  expect(await row.locator(".tag").textContent()).toBe("admin");

  // The worst: the only owner makes themselves less, or goes.
  const own = page.getByRole("row", { name: /Olga Owner/ });
  await own.locator("summary", { hasText: "Change" }).click();
  await own.getByRole("combobox").selectOption("member");
  await own.getByRole("button", { name: "Set role" }).click();
  await page.locator("#problem").waitFor();
  expect((await page.locator("#problem").textContent())?.trim()).toMatch(/only owner/);
  expect(await own.locator(".tag", { hasText: "owner" }).count()).toBe(1);
  await expectSound(owner);
  await page.getByText("Leave the team …").click();
  await page.getByRole("button", { name: "Leave now" }).click();
  expect(await page.locator("#problem").textContent()).toMatch(/only owner/);

  // An admin does not see what only owners do.
  await other.go("/people");
  expect(await other.page.getByText("Make someone else owner …").count()).toBe(0);
  expect(
    await other.page
      .getByRole("row", { name: /Olga Owner/ })
      .getByText("by owners")
      .count(),
  ).toBe(1);
  await other.page.getByText("Leave the team …").click();
  await other.page.getByRole("button", { name: "Leave now" }).click();
  await other.page.waitForURL((url) => url.pathname === "/");
  expect(await other.page.getByText("You are in no team yet.").count()).toBe(1);
  await owner.go("/people");
  expect(await row.count()).toBe(0);

  const peer = await visit(browser, server, { name: "Petra Peer", role: "member", team });
  await visit(browser, server, { name: "Rita Removed", role: "member", team });
  await owner.go("/people");
  const gone = page.getByRole("row", { name: /Rita Removed/ });
  await gone.locator("summary", { hasText: "Change" }).click();
  await gone.locator("summary", { hasText: "Remove" }).click();
  await gone.getByRole("button", { name: /^Remove from the team/ }).click();
  await page.waitForURL("**/people?done=removed");
  expect(await gone.count()).toBe(0);
  await page.getByText("Make someone else owner …").click();
  await page.getByLabel("New owner").selectOption("petra-peer");
  await page.getByRole("button", { name: "Hand it over" }).click();
  await page.waitForURL("**/people?done=transferred");
  expect(await own.locator("td").nth(1).textContent()).toBe("admin");
  await peer.go("/people");
  expect(await peer.page.getByText("Make someone else owner …").count()).toBe(1);
});

it("makes a token that works, shows it once, and revokes it", async () => {
  const { page } = owner;
  await owner.go("/people/tokens");
  await page.getByLabel("What it is for").fill("<b>nightly</b>");
  await page.getByLabel("Service account", { exact: true }).fill("importer");
  await page.getByLabel("Days until it expires").fill("7");
  await page.getByLabel(/Do what you may do/).uncheck();
  await page.getByRole("button", { name: "Make the token" }).click();
  const token = (await page.locator("#issued-token").textContent()) ?? "";
  expect(token).toMatch(/^sd[a-z]_/);
  expect(await page.locator("#issued-claude").textContent()).toContain(
    `/t/${team}/mcp --header "Authorization: Bearer ${token}"`,
  );
  await expectSound(owner);
  const whoami = () =>
    fetch(`${server.origin}/t/${team}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });
  expect(await (await whoami()).json()).toMatchObject({
    username: "service:importer",
    role: "member",
    scopes: ["data:read", "data:write", "library:write"],
  });

  await owner.go("/people/tokens?of=everyone");
  expect(await page.locator("#issued-token").count()).toBe(0);
  const row = page.getByRole("row", { name: /<b>nightly<\/b>/ });
  expect(await row.getByText("service:importer").count()).toBe(1);
  await expectSound(owner);
  await row.getByText("Revoke", { exact: true }).click();
  await row.getByRole("button", { name: /^Revoke it/ }).click();
  await page.waitForURL("**/people/tokens?done=revoked");
  expect((await whoami()).status).toBe(401);
});

it("shows a viewer who is here, and neither what they may not do nor what they may not see", async () => {
  const viewer = await visit(browser, server, { name: "Vito Viewer", role: "viewer", team });
  await viewer.go("/people");
  expect(await viewer.page.getByRole("row", { name: /Olga Owner/ }).count()).toBe(1);
  expect(await viewer.page.getByRole("link", { name: "Invitations" }).count()).toBe(0);
  expect(await viewer.page.locator("summary", { hasText: "Change" }).count()).toBe(0);
  await expectSound(viewer);
  const refused = await viewer.page.goto(`${viewer.base}/people/invitations`);
  expect(refused?.status()).toBe(403);
  expect(await viewer.page.locator("h1").textContent()).toBe("This is not allowed");
});
