// The settings pages in a real browser: saving, refusing, backups and their restore, import, deletion and the way back. Runs in Node.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { operator } from "../helpers/clients.ts";
import { launch, type Visitor, visit } from "../helpers/dashboard.ts";

const server = inject("server");
const team = "settings-pages";
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

it("saves a group of settings, keeps what another person changed meanwhile, and refuses in place", async () => {
  const other = await visit(browser, server, { name: "Anna Admin", role: "admin", team });
  const { page } = owner;
  await owner.go("/settings");
  await expectSound(owner);
  const approval = page.getByRole("region", { name: "Approval" });
  await approval.getByLabel("Approvals needed").fill("3");

  await other.go("/settings");
  const theirs = other.page.getByRole("region", { name: "Approval" });
  await theirs.getByLabel("Rejections needed").fill("4");
  await theirs.getByLabel("Authors vote on their own proposals").check();
  await theirs.getByRole("button", { name: "Save" }).click();
  await other.page.waitForURL("**/settings?done=saved");

  await approval.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/settings?done=saved");
  expect(await page.locator("#done").textContent()).toBe("Saved. It holds from now on.");
  expect(await approval.getByLabel("Approvals needed").inputValue()).toBe("3");
  expect(await approval.getByLabel("Rejections needed").inputValue()).toBe("4");
  expect(await approval.getByLabel("Authors vote on their own proposals").isChecked()).toBe(true);

  // A browser that checks nothing: the server refuses in the schema's words, and keeps what was entered.
  const limits = page.getByRole("region", { name: "Limits" });
  await page.evaluate(() => {
    for (const form of document.querySelectorAll("form")) form.noValidate = true;
  });
  await limits.getByLabel("Rows of a data frame").fill("99999999");
  await limits.getByRole("button", { name: "Save" }).click();
  await limits.locator("#problem").waitFor();
  expect(await limits.locator("#problem").textContent()).toContain("<=1000000");
  expect(await limits.getByLabel("Rows of a data frame").inputValue()).toBe("99999999");
  await expectSound(owner);
  const described = (await (await page.request.get(`${owner.base}/api/v1/team`)).json()) as {
    settings: { frame_rows: number };
  };
  expect(described.settings.frame_rows).toBe(100_000);
});

it("sets the ways to sign in, and what one is told of", async () => {
  const { page } = owner;
  await owner.go("/settings/sign-in");
  await expectSound(owner);
  await page.getByLabel(/^All that this deployment offers/).uncheck();
  await page.getByLabel("Passkey").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#problem").waitFor();
  expect(await page.locator("#problem").textContent()).toContain("sign_in_providers");
  await page.getByLabel("Passkey").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/settings/sign-in?done=saved");
  expect(await page.getByLabel(/^All that this deployment offers/).isChecked()).toBe(false);

  await owner.go("/settings/notifications");
  await expectSound(owner);
  await page.getByLabel("Someone voted").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/settings/notifications?done=saved");
  expect(await page.getByLabel("Someone voted").isChecked()).toBe(false);
  await page.getByLabel("E-mail").selectOption("daily");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#problem").waitFor();
  expect(await page.getByLabel("E-mail").inputValue()).toBe("daily");
  await expectSound(owner);
});

it("saves a webhook whose secret is shown once, refuses a private address, tests and deletes it", async () => {
  const { page } = owner;
  await owner.go("/settings/webhooks");
  await expectSound(owner);
  const card = page.getByRole("region", { name: "A new webhook" });
  await card.getByLabel("Name").fill("ops");
  await card.getByLabel("Posts to").fill("https://10.0.0.1/hook");
  await card.getByRole("button", { name: "Save the webhook" }).click();
  await card.locator("#problem").waitFor();
  expect(await card.getByLabel("Name").inputValue()).toBe("ops");
  await card.getByLabel("Posts to").fill("https://hooks.example.org/T0/secret");
  await card.getByRole("button", { name: "Save the webhook" }).click();
  await page.locator("#secret").waitFor();
  expect(await page.locator("#secret").textContent()).toMatch(/^whsec_/);
  await expectSound(owner);

  await owner.go("/settings/webhooks");
  expect(await page.locator("#secret").count()).toBe(0);
  expect(await page.content()).not.toContain("T0/secret");
  const row = page.getByRole("row", { name: /ops/ }).first();
  await row.getByRole("button", { name: "Test ops" }).click();
  await page.waitForURL("**/settings/webhooks?done=tested");
  expect(await page.locator("#deliveries").getByText("test", { exact: true }).count()).toBe(1);
  await expectSound(owner);
  await row.locator("summary", { hasText: /^Change$/ }).click();
  await row.getByText("Delete", { exact: true }).click();
  await row.getByRole("button", { name: /^Delete it/ }).click();
  await page.waitForURL("**/settings/webhooks?done=deleted");
  expect(await page.getByText("No webhook yet").count()).toBe(1);
});

it("backs up, shows what a restore would do, restores nothing when that is cancelled, and restores when it is not", async () => {
  const { page } = owner;
  await owner.go("/settings/backups");
  await expectSound(owner);
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.waitForURL("**/settings/backups?done=*");
  const backup = page.locator("#backups tbody tr");
  await backup.first().getByText("complete", { exact: true }).waitFor();
  expect(await backup.count()).toBe(1);
  const download = await page.request.get(
    new URL((await backup.getByRole("link", { name: /^Download/ }).getAttribute("href")) ?? "", owner.base).href,
  );
  expect(download.status()).toBe(200);

  await owner.go("/settings");
  const timeouts = page.getByRole("region", { name: "Timeouts" });
  await timeouts.getByLabel("Approve by itself after (hours)").fill("");
  await timeouts.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/settings?done=saved");
  const hours = async (): Promise<string> => {
    await owner.go("/settings");
    return timeouts.getByLabel("Approve by itself after (hours)").inputValue();
  };

  await owner.go("/settings/backups");
  await page.getByRole("button", { name: /^Restore the backup of/ }).click();
  const asked = page.getByRole("status").filter({ hasText: "Restore this backup?" });
  await asked.waitFor();
  expect(await asked.textContent()).toContain("auto_approve_timeout");
  await expectSound(owner);
  await asked.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL("**/settings/backups?done=cancelled");
  expect(await page.getByText("Open previews").count()).toBe(0);
  expect(await hours()).toBe("");

  await owner.go("/settings/backups");
  await page.getByRole("button", { name: /^Restore the backup of/ }).click();
  await asked.getByRole("button", { name: "Restore it" }).click();
  await page.getByText("The team is restored").waitFor();
  await expectSound(owner);
  expect(await hours()).toBe("24");
});

const library = `functions:
  - name: double_up
    description: Twice what it is given.
    definition: "def double_up($x): $x * 2;"
    parameters:
      - name: x
        type: number
`;

it("plans an import, imports exactly that, and says what a file's fault is", async () => {
  const { page } = owner;
  await owner.go("/settings/library");
  await expectSound(owner);
  await page.getByLabel("The library").fill("functions: [");
  await page.getByRole("button", { name: "Show what it would do" }).click();
  await page.locator("#problem").waitFor();
  expect(await page.getByLabel("The library").inputValue()).toBe("functions: [");
  await page.locator("#import-content-file").setInputFiles({
    name: "library.yaml",
    mimeType: "text/yaml",
    buffer: Buffer.from(library),
  });
  await page.getByText("library.yaml is in the field below.").waitFor();
  await page.getByRole("button", { name: "Show what it would do" }).click();
  const plan = page.getByRole("status").filter({ hasText: "What importing it would do" });
  await plan.waitFor();
  expect(
    await plan
      .getByRole("row", { name: /double_up/ })
      .getByText("create")
      .count(),
  ).toBe(1);
  await expectSound(owner);
  await plan.getByRole("button", { name: "Import exactly this" }).click();
  await page.getByRole("heading", { name: "Imported", exact: true }).waitFor();
  expect(await page.getByText("1 created.").count()).toBe(1);
  const exported = await page.request.get(`${owner.base}/api/v1/library/functions.yaml`);
  expect(await exported.text()).toContain("double_up");
});

it("deletes the team once its slug is typed, and lets its owner bring it back", async () => {
  const { page } = owner;
  await owner.go("/settings/danger");
  await expectSound(owner);
  await page.getByLabel(`Type ${team} to confirm`).fill("another");
  await page.getByRole("button", { name: "Delete the team" }).click();
  await page.locator("#problem").waitFor();
  expect(await page.locator("#problem").textContent()).toContain(`confirm must be ${team}`);
  await page.getByLabel(`Type ${team} to confirm`).fill(team);
  await page.getByRole("button", { name: "Delete the team" }).click();
  await page.waitForURL((url) => url.pathname === "/");
  expect(await page.locator(".notice").textContent()).toBe(
    `${team} is deleted and nobody gets in any more. You can restore it below.`,
  );
  expect(await owner.axe()).toEqual([]);
  expect((await page.request.get(owner.base, { headers: { accept: "text/html" } })).status()).toBe(410);
  await page.getByRole("button", { name: `Restore ${team}` }).click();
  await page.waitForURL((url) => url.searchParams.get("restored") === team);
  expect(await page.locator(".notice").textContent()).toBe(`${team} is back as it was.`);
  await owner.go("/settings");
  expect(await page.getByRole("region", { name: "Approval" }).getByLabel("Approvals needed").inputValue()).toBe("3");
});

it("shows a member the settings to read, and none that only admins open", async () => {
  const member = await visit(browser, server, { name: "Mira Member", role: "member", team });
  await member.go("/settings");
  expect(await member.page.getByRole("button", { name: "Save" }).count()).toBe(0);
  expect(await member.page.getByRole("region", { name: "Approval" }).locator("dd").nth(1).textContent()).toBe("3");
  for (const tab of ["Sign-in", "Webhooks", "Backups", "Danger zone"]) {
    expect(
      await member.page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: tab }).count(),
    ).toBe(0);
  }
  await expectSound(member);
  expect((await member.page.goto(`${member.base}/settings/backups`))?.status()).toBe(403);
});
